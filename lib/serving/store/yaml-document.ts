import type { Document, ScalarTag, Tags, ToStringOptions } from 'yaml';
import { lazyPackage } from '../../learner/runtime/lazy-package.js';

export const yaml = lazyPackage<typeof import('yaml')>('yaml');

/**
 * PyYAML reads "1e+21" as a text, so such a number needs a point. And Python must not read a number
 * that a double holds only rounded as an integer.
 */
const inexact: ScalarTag = {
  tag: 'tag:yaml.org,2002:float',
  default: true,
  test: /^[-+]?[0-9][0-9_]*\.[0-9_]*[eE][-+][0-9]+$/,
  identify: (value) =>
    typeof value === 'number' &&
    (/^-?\de/.test(String(value)) || (Number.isInteger(value) && !Number.isSafeInteger(value))),
  resolve: (text) => Number(text.replaceAll('_', '')),
  stringify: ({ value }) => {
    const text = String(value);
    if (text.includes('.')) return text;
    return text.includes('e') ? text.replace('e', '.0e') : `${text}.0`;
  },
};

const STR = 'tag:yaml.org,2002:str';
const never = /^(?!)$/;
const identity = (text: string): string => text;

/**
 * Texts with other characters than printable ASCII are written with escapes, as PyYAML does. Python
 * may read the file in another encoding, and PyYAML refuses control characters and tabs in places
 * where YAML 1.2 allows them.
 */
const escaped: ScalarTag = {
  tag: STR,
  default: true,
  test: never,
  identify: (value) => typeof value === 'string' && /[^\x20-\x7e]/.test(value),
  resolve: identity,
  stringify: ({ value }) =>
    JSON.stringify(wellFormed(String(value))).replace(/[^\x20-\x7e]/gu, escape),
};

/** Texts that PyYAML would read as something else without quotes. */
const PYYAML_OTHERS = [
  /^(?:yes|no|true|false|on|off|null|~|=|<<|)$/i,
  /^[-+]?0b[01_]+$/,
  /^[-+]?0x[0-9a-fA-F_]+$/,
  /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])*(?:\.[0-9_]*)?(?:[eE][-+][0-9]+)?$/,
  /^[-+]?\.(?:[0-9][0-9_]*(?:[eE][-+][0-9]+)?|inf|Inf|INF|nan|NaN|NAN)$/,
  /^\d{4}-\d\d?-\d\d?(?:[Tt \t].*)?$/,
];

const quoted: ScalarTag = {
  tag: STR,
  default: true,
  test: never,
  identify: (value) =>
    typeof value === 'string' && PYYAML_OTHERS.some((pattern) => pattern.test(value)),
  resolve: identity,
  stringify: ({ value }) => `'${String(value).replaceAll("'", "''")}'`,
};

/**
 * PyYAML reads fewer texts as numbers or booleans than YAML 1.1: `n`, `1e5` and `089` stay texts.
 */
const PYYAML_TESTS: readonly [tag: string, sample: string, test: RegExp | undefined][] = [
  ['tag:yaml.org,2002:bool', 'y', /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/],
  ['tag:yaml.org,2002:bool', 'n', /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/],
  ['tag:yaml.org,2002:int', '089', /^[-+]?(?:0|[1-9][0-9_]*)$/],
  ['tag:yaml.org,2002:float', '1e5', undefined],
];

function asPyYaml(tags: Tags): Tags {
  return [
    escaped,
    quoted,
    inexact,
    ...tags.flatMap((tag) => {
      // Maps are written as plain maps, not as ordered ones.
      if (typeof tag === 'string' || tag.tag === 'tag:yaml.org,2002:omap') return [];
      const test = 'test' in tag ? tag.test : undefined;
      const other = PYYAML_TESTS.find(([name, sample]) => name === tag.tag && test?.test(sample));
      if (!other) return [tag];
      return other[2] ? [{ ...tag, test: other[2] } as ScalarTag] : [];
    }),
  ];
}

// PyYAML uses YAML 1.1, in which more texts need quotes: yes, 1_000, 12:30, 2026-11-23.
const OPTIONS = { version: '1.1', customTags: asPyYaml } as const;

const STYLE: ToStringOptions = { indentSeq: false, lineWidth: 0, singleQuote: true };

/** A YAML document with the keys of an object, in order; undefined values are left out. */
export function toDocument(content: object): Document {
  return new (yaml().Document)(content, { ...OPTIONS, aliasDuplicateObjects: false });
}

export function parseYaml(text: string): Document.Parsed {
  return yaml().parseDocument(text, { ...OPTIONS, prettyErrors: true });
}

/** A copy in which some keys have other values. The rest does not change. */
export function updateDocument(document: Document, changes: object): Document {
  const copy = document.clone();
  for (const [key, value] of Object.entries(changes)) {
    if (value !== undefined) copy.set(key, copy.createNode(value));
  }
  return copy;
}

export function renderDocument(document: Document): string {
  return document.toString(STYLE);
}

/** Halves of surrogate pairs become U+FFFD, because neither UTF-8 nor Python supports them. */
function wellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}

function escape(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase();
  return code > 0xffff ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`;
}
