import { MATCH } from '../budget.js';
import type { Context } from '../context.js';
import { HostObject } from '../host.js';
import type { PythonMatch, PythonPattern } from '../regex/index.js';
import { codePointLength } from '../str.js';
import { TYPES } from '../types.js';
import { Builtin, ClassValue, Dict, List, Tuple, type Value } from '../values.js';
import { offsetOf } from '../builtins/code-points.js';
import { fn, toCount, type Given } from '../builtins/define.js';
import { put } from '../builtins/dict-methods.js';
import { iterator } from '../builtins/iterators.js';
import { strRepr } from '../builtins/repr.js';
import { asStr } from '../builtins/unwrap.js';
import { boundedMatch } from './bounded-match.js';
import { MatchValue } from './re-match.js';
import { expandTemplate } from './re-template.js';

export const PATTERN_CLASS = new ClassValue('Pattern', 're.Pattern', [TYPES.object], [], {});

/** `re.Pattern`. */
export class PatternValue extends HostObject {
  override readonly typeName = 'Pattern';
  override readonly cls = PATTERN_CLASS;

  constructor(readonly pattern: PythonPattern) {
    super();
  }

  override getAttr(name: string, ctx: Context): Value | undefined {
    switch (name) {
      case 'pattern':
        return this.pattern.pattern;
      case 'flags':
        return BigInt(this.pattern.flags);
      case 'groups':
        return BigInt(this.pattern.groupCount);
      case 'groupindex': {
        const dict = new Dict();
        for (const [group, index] of this.pattern.groupNames) put(ctx, dict, group, BigInt(index));
        return dict;
      }
      default:
        return this.#method(name);
    }
  }

  #method(name: string): Builtin | undefined {
    switch (name) {
      case 'match':
      case 'search':
      case 'fullmatch':
        return fn(name, 'string, pos=, endpos=', (ctx, given) => {
          const part = this.#part(ctx, given);
          const found = boundedMatch(ctx, this.pattern, part.text, () =>
            this.pattern[name](part.text, part.from),
          );
          return found ? this.#value(part, found) : null;
        });
      case 'findall':
        return fn(name, 'string, pos=, endpos=', (ctx, given) => {
          const part = this.#part(ctx, given);
          return new List(this.#all(ctx, part).map(({ groups }) => found(groups)));
        });
      case 'finditer':
        return fn(name, 'string, pos=, endpos=', (ctx, given) => {
          const part = this.#part(ctx, given);
          const values = this.#all(ctx, part).map((match) => this.#value(part, match));
          return iterator('callable_iterator', values.values());
        });
      case 'sub':
        return fn(name, 'repl, string, count=', (ctx, given) => this.#sub(ctx, given)[0]);
      case 'subn':
        return fn(name, 'repl, string, count=', (ctx, given) => new Tuple(this.#sub(ctx, given)));
      case 'split':
        return fn(name, 'string, maxsplit=', (ctx, given) => this.#split(ctx, given));
      default:
        return undefined;
    }
  }

  #part(ctx: Context, given: Given): Part {
    const whole = textOf(ctx, given);
    ctx.budget.step(1 + whole.length);
    if (given.raw('pos') === undefined && given.raw('endpos') === undefined) {
      return { text: whole, from: 0, pos: 0, endpos: codePointLength(whole) };
    }
    const length = codePointLength(whole);
    const within = (at: bigint): number => Math.min(Math.max(toCount(at), 0), length);
    const endpos = within(given.int('endpos', BigInt(length)));
    const pos = within(given.int('pos', 0n));
    const text = whole.slice(0, offsetOf(whole, endpos));
    return { text, from: offsetOf(whole, Math.min(pos, endpos)), pos, endpos };
  }

  #value({ text, pos, endpos }: Part, match: PythonMatch): MatchValue {
    return new MatchValue(this.pattern, this, text, match, pos, endpos);
  }

  #all(ctx: Context, { text, from }: Part): PythonMatch[] {
    const each = (): void => {
      ctx.budget.step();
      ctx.budget.charge(MATCH + this.pattern.groupCount);
    };
    return boundedMatch(ctx, this.pattern, text, () => this.pattern.finditer(text, from, each));
  }

  /** The text, and the number of replaced matches. */
  #sub(ctx: Context, given: Given): readonly [string, bigint] {
    const part = this.#part(ctx, given);
    const replacement = given.get('repl');
    const template = asStr(replacement);
    const count = given.count('count', 0);
    const { text } = part;
    const all = this.#all(ctx, part);
    const matches = count > 0 ? all.slice(0, count) : count < 0 ? [] : all;
    let result = '';
    let end = 0;
    for (const match of matches) {
      const by =
        template === undefined
          ? replaced(ctx, ctx.call(replacement, [this.#value(part, match)]))
          : template.includes('\\')
            ? expandTemplate(ctx, template, this.pattern, match)
            : template;
      ctx.budget.charge(by.length);
      result += text.slice(end, match.start) + by;
      end = match.end;
    }
    ctx.budget.charge(text.length);
    return [result + text.slice(end), BigInt(matches.length)];
  }

  #split(ctx: Context, given: Given): List {
    const part = this.#part(ctx, given);
    const most = given.count('maxsplit', 0);
    const all = most < 0 ? [] : this.#all(ctx, part);
    const pieces: Value[] = [];
    let end = 0;
    for (const match of most > 0 ? all.slice(0, most) : all) {
      pieces.push(part.text.slice(end, match.start));
      for (const group of match.groups.slice(1)) pieces.push(group ?? null);
      end = match.end;
    }
    pieces.push(part.text.slice(end));
    return new List(pieces);
  }

  override repr(): string {
    return `re.compile(${strRepr(this.pattern.pattern)})`;
  }
}

interface Part {
  readonly text: string;
  /** A UTF-16 offset. */
  readonly from: number;
  readonly pos: number;
  readonly endpos: number;
}

function textOf(ctx: Context, given: Given): string {
  if (given.get('string') instanceof Uint8Array) {
    throw ctx.raise('TypeError', 'cannot use a string pattern on a bytes-like object');
  }
  const text = asStr(given.get('string'));
  if (text !== undefined) return text;
  const name = ctx.typeOf(given.get('string')).name;
  throw ctx.raise('TypeError', `expected string or bytes-like object, got '${name}'`);
}

function replaced(ctx: Context, value: Value): string {
  const text = asStr(value);
  if (text !== undefined) return text;
  if (value === null) return '';
  throw ctx.raise('TypeError', `expected str instance, ${ctx.typeOf(value).name} found`);
}

/** The item of `findall` for a match: the match, its only group, or all its groups. */
function found(groups: readonly (string | undefined)[]): Value {
  if (groups.length === 1) return groups[0] ?? '';
  if (groups.length === 2) return groups[1] ?? '';
  return new Tuple(groups.slice(1).map((group) => group ?? ''));
}
