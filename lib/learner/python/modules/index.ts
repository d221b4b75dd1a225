import type { Value } from '../values.js';
import { BUILTINS } from '../builtins/index.js';
import { EXCEPTIONS } from '../exceptions.js';
import { ABSTRACT, NUMBERS } from './abstract.js';
import { COLLECTIONS } from './collections.js';
import { CONTEXTLIB } from './contextlib.js';
import { COPY } from './copying.js';
import { DATACLASSES } from './dataclasses.js';
import { ENUMS } from './enum.js';
import { FUNCTOOLS } from './functools.js';
import { HTML } from './html.js';
import { ITERTOOLS } from './itertools.js';
import { MATH } from './math.js';
import type { ModuleNames } from './module-names.js';
import { OPERATOR } from './operator.js';
import { OS_PATH, PATHLIB } from './paths.js';
import { RE } from './re.js';
import { ABC_NAMES, TYPES_NAMES, WARNINGS } from './small.js';
import { STRING } from './string.js';
import { TYPING } from './typing.js';
import { UNICODEDATA } from './unicodedata.js';

/** Python's exceptions are also builtins. */
const ALL_BUILTINS: ModuleNames = new Map<string, Value>([...EXCEPTIONS, ...BUILTINS]);

/** `re.error`: Exception is the closest supported class. */
const PATTERN_ERROR = EXCEPTIONS.get('Exception') as Value;

/** The names of each supported module of Python's library. */
export const MODULES: ReadonlyMap<string, ModuleNames> = new Map([
  ['builtins', ALL_BUILTINS],
  ['math', MATH],
  [
    're',
    new Map<string, Value>([...RE, ['error', PATTERN_ERROR], ['PatternError', PATTERN_ERROR]]),
  ],
  ['itertools', ITERTOOLS],
  ['functools', FUNCTOOLS],
  ['operator', OPERATOR],
  ['_operator', OPERATOR],
  ['collections', COLLECTIONS],
  ['collections.abc', ABSTRACT],
  ['string', STRING],
  ['typing', TYPING],
  ['typing_extensions', TYPING],
  ['enum', ENUMS],
  ['dataclasses', DATACLASSES],
  ['copy', COPY],
  ['warnings', WARNINGS],
  ['contextlib', CONTEXTLIB],
  ['abc', ABC_NAMES],
  ['types', TYPES_NAMES],
  ['numbers', NUMBERS],
  ['html', HTML],
  ['unicodedata', UNICODEDATA],
  ['os.path', OS_PATH],
  ['posixpath', OS_PATH],
  ['pathlib', PATHLIB],
  ['__future__', new Map<string, Value>([['annotations', null]])],
]);
