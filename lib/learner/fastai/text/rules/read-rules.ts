import {
  asBool,
  asItems,
  PyPartial,
  qualifiedNameOf,
  type PyDict,
  type PyValue,
} from '../../../torch/index.js';
import { lower, strip, upper } from '../../../python/str.js';
import type { TextRule, TextRules } from '../../contract.js';
import { UnknownTextRuleError } from '../../errors.js';
import type { TextCode } from '../text-code.js';
import { lowercase, replaceAllCaps, replaceMaj } from './casing.js';
import { fixHtml } from './fix-html.js';
import { unescapeHtml } from '../../../python/modules/html-entities.js';
import { replaceRep, replaceWrep } from './repetition.js';
import { rmUselessSpaces, specAddSpaces } from './spaces.js';

/** fastai's defaults, in order. */
const DEFAULT_RULES: readonly (readonly [string, TextRule])[] = [
  ['fix_html', fixHtml],
  ['replace_rep', replaceRep],
  ['replace_wrep', replaceWrep],
  ['spec_add_spaces', specAddSpaces],
  ['rm_useless_spaces', rmUselessSpaces],
  ['replace_all_caps', replaceAllCaps],
  ['replace_maj', replaceMaj],
  ['lowercase', (text) => lowercase(text)],
];

/** fastai's own rules by name. */
export const FASTAI_RULES: ReadonlyMap<string, TextRule> = new Map([
  ...DEFAULT_RULES,
  // Lets tokens be joined by spaces.
  ['replace_space', (text) => text.replaceAll(' ', '▁')],
]);

/** Python's own functions that serve as rules. */
const PYTHON_RULES: ReadonlyMap<string, TextRule> = new Map<string, TextRule>([
  ['builtins.str', (text) => text],
  ['builtins.str.lower', lower],
  ['builtins.str.upper', upper],
  ['builtins.str.strip', strip],
  ['html.unescape', unescapeHtml],
  ['fastcore.basics.noop', (text) => text],
  ['fastcore.imports.noop', (text) => text],
]);

/** A rule that the file names. */
export interface ReadRule {
  readonly apply: TextRule;
  /** For fastai's own rules. */
  readonly name?: string;
  /** What `lowercase` adds around the text; by default only the first marker. */
  readonly bos?: boolean;
  readonly eos?: boolean;
}

/**
 * The rules in order; fastai's defaults if the file has none. Given rules take precedence over
 * fastai's, and fastai's over code of the file.
 *
 * @throws UnknownTextRuleError
 */
export function readRules(
  value: PyValue | undefined,
  given: TextRules = {},
  code?: Pick<TextCode, 'rule'>,
): ReadRule[] {
  if (value === undefined || value === null) {
    return DEFAULT_RULES.map(([name, apply]) => ({ name, apply }));
  }
  return (asItems(value) ?? [value]).map((rule) => readRule(rule, given, code));
}

function readRule(
  value: PyValue,
  given: TextRules,
  code: Pick<TextCode, 'rule'> | undefined,
): ReadRule {
  const qualified = qualifiedNameOf(value) ?? '<unnamed function>';
  const bareName = qualified.slice(qualified.lastIndexOf('.') + 1);
  for (const key of [qualified, bareName]) {
    const apply = Object.hasOwn(given, key) ? given[key] : undefined;
    if (apply) return { apply };
  }
  const name = /^fastai\.text\.core\.(\w+)$/.exec(qualified)?.[1];
  const isPartial = value instanceof PyPartial;
  if (isPartial && name === 'lowercase' && value.args.length === 0) {
    return lowercaseWith(value.kwargs);
  }
  const known = !isPartial || (value.args.length === 0 && value.kwargs.size === 0);
  const apply =
    known && (name === undefined ? PYTHON_RULES.get(qualified) : FASTAI_RULES.get(name));
  if (apply) return name === undefined ? { apply } : { name, apply };
  const own = code?.rule(value);
  if (!own) throw new UnknownTextRuleError(qualified);
  return { apply: own };
}

function lowercaseWith(kwargs: PyDict): ReadRule {
  const bos = asBool(kwargs.get('add_bos')) ?? true;
  const eos = asBool(kwargs.get('add_eos')) ?? false;
  return { name: 'lowercase', bos, eos, apply: (text) => lowercase(text, bos, eos) };
}
