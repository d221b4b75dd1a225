import { TYPES } from '../types.js';
import { ELLIPSIS, NOT_IMPLEMENTED, type Value } from '../values.js';
import { fillBytes } from './bytes-methods.js';
import { fillConstructors } from './constructors.js';
import { fillDict } from './dict-methods.js';
import { FUNCTIONS } from './functions.js';
import { fillSequences } from './list-methods.js';
import { fillNumbers } from './number-methods.js';
import { NUMBER_FUNCTIONS } from './number-functions.js';
import { fillSets } from './set-methods.js';
import { fillStr } from './str-methods.js';

fillNumbers();
fillStr();
fillBytes();
fillSequences();
fillDict();
fillSets();
fillConstructors();

/** Classes without a builtin name: `type(f)` returns them. */
const HIDDEN: ReadonlySet<string> = new Set([
  'function',
  'builtin_function_or_method',
  'method',
  'module',
  'generator',
  'iterator',
  'NoneType',
  'ellipsis',
  'NotImplementedType',
]);

/** Python's builtins by name, without the exceptions. */
export const BUILTINS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ...[...FUNCTIONS, ...NUMBER_FUNCTIONS].map((one): [string, Value] => [one.name, one]),
  ...Object.values(TYPES)
    .filter(({ name }) => !HIDDEN.has(name))
    .map((cls): [string, Value] => [cls.name, cls]),
  ['Ellipsis', ELLIPSIS],
  ['NotImplemented', NOT_IMPLEMENTED],
  ['__debug__', true],
]);
