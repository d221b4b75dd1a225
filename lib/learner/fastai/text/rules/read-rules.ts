import {
  asBool,
  asItems,
  PyPartial,
  qualifiedNameOf,
  type PyDict,
  type PyValue,
} from '../../../torch/index.js';
import { lower, strip, upper } from '../../../python/str.js';
import { UnknownTextRuleError } from '../errors/index.js';
import { lowercase, replaceAllCaps, replaceMaj } from './casing.js';
import { fixHtml } from './fix-html.js';
import { unescapeHtml } from './html-entities.js';
import { replaceRep, replaceWrep } from './repetition.js';
import { replaceSpace, rmUselessSpaces, specAddSpaces } from './spacing.js';

/**
 * A step that a text goes through before it is split into tokens.
 *
 * @publicApi
 */
export type TextRule = (text: string) => string;

/**
 * Text rules by the name of the Python function that they stand for, with its module
 * (`__main__.my_rule`) or without.
 *
 * @publicApi
 */
export type TextRules = Readonly<Record<string, TextRule>>;

const DEFAULT_RULES: readonly TextRule[] = [
  fixHtml,
  replaceRep,
  replaceWrep,
  specAddSpaces,
  rmUselessSpaces,
  replaceAllCaps,
  replaceMaj,
  (text) => lowercase(text),
];

const FASTAI_RULES: ReadonlyMap<string, TextRule> = new Map<string, TextRule>([
  ['fix_html', fixHtml],
  ['replace_rep', replaceRep],
  ['replace_wrep', replaceWrep],
  ['spec_add_spaces', specAddSpaces],
  ['rm_useless_spaces', rmUselessSpaces],
  ['replace_all_caps', replaceAllCaps],
  ['replace_maj', replaceMaj],
  ['lowercase', (text) => lowercase(text)],
  ['replace_space', replaceSpace],
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

/**
 * The rules of a `Tokenizer`, in order; fastai's defaults where the file has none.
 *
 * @throws UnknownTextRuleError for a function that the file names but does not define
 */
export function readRules(value: PyValue | undefined, given: TextRules = {}): TextRule[] {
  if (value === undefined || value === null) return [...DEFAULT_RULES];
  const rules = asItems(value) ?? [value];
  return rules.map((rule) => readRule(rule, given));
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
