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
import { lowercase, replaceAllCaps, replaceMaj } from './casing.js';
import { fixHtml } from './fix-html.js';
import { unescapeHtml } from './html-entities.js';
import { replaceRep, replaceWrep } from './repetition.js';

/** fastai's defaults, in their order. */
const DEFAULT_RULES: readonly (readonly [string, TextRule])[] = [
  ['fix_html', fixHtml],
  ['replace_rep', replaceRep],
  ['replace_wrep', replaceWrep],
  ['spec_add_spaces', (text) => text.replace(/[/#\\]/g, ' $& ')],
  // Of spaces alone, no other white space.
  ['rm_useless_spaces', (text) => text.replace(/ {2,}/g, ' ')],
  ['replace_all_caps', replaceAllCaps],
  ['replace_maj', replaceMaj],
  ['lowercase', (text) => lowercase(text)],
];

const FASTAI_RULES: ReadonlyMap<string, TextRule> = new Map([
  ...DEFAULT_RULES,
  // So that tokens can be joined by spaces.
  ['replace_space', (text) => text.replaceAll(' ', '▁')],
]);

/** Functions of Python's own that serve as rules. */
const PYTHON_RULES: ReadonlyMap<string, TextRule> = new Map<string, TextRule>([
  ['builtins.str', (text) => text],
  ['builtins.str.lower', lower],
  ['builtins.str.upper', upper],
  ['builtins.str.strip', strip],
  ['html.unescape', unescapeHtml],
  ['fastcore.basics.noop', (text) => text],
  ['fastcore.imports.noop', (text) => text],
]);

/** In order; fastai's defaults where the file has none. @throws UnknownTextRuleError */
export function readRules(value: PyValue | undefined, given: TextRules = {}): TextRule[] {
  if (value === undefined || value === null) return DEFAULT_RULES.map(([, rule]) => rule);
  return (asItems(value) ?? [value]).map((rule) => readRule(rule, given));
}

function readRule(value: PyValue, given: TextRules): TextRule {
  const name = qualifiedNameOf(value) ?? '<unnamed function>';
  const bareName = name.slice(name.lastIndexOf('.') + 1);
  for (const key of [name, bareName]) {
    const rule = Object.hasOwn(given, key) ? given[key] : undefined;
    if (rule) return rule;
  }
  const fastaiName = /^fastai2?\.text\.core\.(\w+)$/.exec(name)?.[1];
  if (value instanceof PyPartial) {
    if (fastaiName === 'lowercase' && value.args.length === 0) return lowercaseWith(value.kwargs);
    if (value.args.length > 0 || value.kwargs.size > 0) throw new UnknownTextRuleError(name);
  }
  const rule = fastaiName === undefined ? PYTHON_RULES.get(name) : FASTAI_RULES.get(fastaiName);
  if (!rule) throw new UnknownTextRuleError(name);
  return rule;
}

function lowercaseWith(kwargs: PyDict): TextRule {
  const addBos = asBool(kwargs.get('add_bos'));
  const addEos = asBool(kwargs.get('add_eos'));
  return (text) => lowercase(text, addBos, addEos);
}
