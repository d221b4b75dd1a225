import type { Context } from '../context.js';
import { HostObject } from '../host.js';
import type { PythonMatch, PythonPattern } from '../regex/index.js';
import { TYPES } from '../types.js';
import { Builtin, ClassValue, Tuple, Dict, type Value } from '../values.js';
import { indexOfOffset } from '../builtins/code-points.js';
import { fn } from '../builtins/define.js';
import { put } from '../builtins/dict-methods.js';
import { strRepr } from '../builtins/repr.js';
import { asStr } from '../builtins/unwrap.js';
import { boundedMatch } from './bounded-match.js';
import { expandTemplate } from './re-template.js';

export const MATCH_CLASS = new ClassValue('Match', 're.Match', [TYPES.object], [], {});

/** `re.Match`. Positions count code points. */
export class MatchValue extends HostObject {
  override readonly typeName = 'Match';
  override readonly cls = MATCH_CLASS;
  #spans: readonly (readonly [number, number] | undefined)[] | undefined;

  constructor(
    readonly pattern: PythonPattern,
    /** The pattern as a value of Python. */
    private readonly owner: Value,
    readonly text: string,
    readonly match: PythonMatch,
    private readonly pos: number,
    private readonly endpos: number,
  ) {
    super();
  }

  override getAttr(name: string, ctx: Context): Value | undefined {
    switch (name) {
      case 'string':
        return this.text;
      case 're':
        return this.owner;
      case 'pos':
        return BigInt(this.pos);
      case 'endpos':
        return BigInt(this.endpos);
      case 'lastindex':
        return this.#lastIndex(ctx);
      case 'lastgroup': {
        const index = this.#lastIndex(ctx);
        if (index === null) return null;
        for (const [group, at] of this.pattern.groupNames) if (BigInt(at) === index) return group;
        return null;
      }
      default:
        return this.#method(name);
    }
  }

  #method(name: string): Builtin | undefined {
    switch (name) {
      case 'group':
        return new Builtin(name, (ctx, args) => {
          if (args.length === 0) return this.match.groups[0] ?? null;
          const groups = args.map((arg) => this.getItem(arg, ctx));
          return groups.length === 1 ? (groups[0] ?? null) : new Tuple(groups);
        });
      case '__getitem__':
        return new Builtin(name, (ctx, [key = null]) => this.getItem(key, ctx));
      case 'groups':
        return fn(
          name,
          'default=',
          (_ctx, given) =>
            new Tuple(this.match.groups.slice(1).map((group) => group ?? given.get('default'))),
        );
      case 'groupdict':
        return fn(name, 'default=', (ctx, given) => {
          const dict = new Dict();
          for (const [key, index] of this.pattern.groupNames) {
            put(ctx, dict, key, this.match.groups[index] ?? given.get('default'));
          }
          return dict;
        });
      case 'start':
        return fn(name, 'group=', (ctx, given) => this.#place(ctx, given.raw('group'))[0]);
      case 'end':
        return fn(name, 'group=', (ctx, given) => this.#place(ctx, given.raw('group'))[1]);
      case 'span':
        return fn(name, 'group=', (ctx, given) => new Tuple(this.#place(ctx, given.raw('group'))));
      case 'expand':
        return fn(name, 'template', (ctx, given) =>
          expandTemplate(ctx, given.str('template'), this.pattern, this.match),
        );
      default:
        return undefined;
    }
  }

  /** The number of a group, from its number or name. */
  #index(key: Value, ctx: Context): number {
    const name = asStr(key);
    const index = name === undefined ? Number(ctx.index(key)) : this.pattern.groupNames.get(name);
    if (index === undefined || index < 0 || index >= this.match.groups.length) {
      throw ctx.raise('IndexError', 'no such group');
    }
    return index;
  }

  override getItem(key: Value, ctx: Context): Value {
    return this.match.groups[this.#index(key, ctx)] ?? null;
  }

  #place(ctx: Context, group: Value | undefined): readonly [bigint, bigint] {
    const index = group === undefined ? 0 : this.#index(group, ctx);
    ctx.budget.step(1 + this.text.length / 16);
    if (index > 0) {
      this.#spans ??= boundedMatch(ctx, this.pattern, this.text, () =>
        this.pattern.spans(this.text, this.match),
      );
    }
    const span = index === 0 ? ([this.match.start, this.match.end] as const) : this.#spans?.[index];
    if (!span) {
      if (this.match.groups[index] === undefined) return [-1n, -1n];
      throw ctx.unsupported('the position of a group of this pattern is not supported');
    }
    return [BigInt(indexOfOffset(this.text, span[0])), BigInt(indexOfOffset(this.text, span[1]))];
  }

  #lastIndex(ctx: Context): bigint | null {
    const taken = this.match.groups.flatMap((group, at) =>
      at > 0 && group !== undefined ? [at] : [],
    );
    if (taken.length === 0) return null;
    // Of several groups the last one to end counts, and JavaScript does not tell which that is.
    if (taken.length > 1) throw ctx.unsupported('lastindex with several groups is not supported');
    return BigInt(taken[0] as number);
  }

  override repr(ctx: Context): string {
    const [start, end] = this.#place(ctx, undefined);
    const shown = [...strRepr(this.match.groups[0] ?? '')].slice(0, 50).join('');
    return `<re.Match object; span=(${start}, ${end}), match=${shown}>`;
  }
}
