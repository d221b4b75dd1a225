import type { Context } from '../../../python/context.js';
import { Instance, List, Tuple, type Value } from '../../../python/values.js';
import { ArrayValue } from '../numpy/array-value.js';
import type { Nd } from '../numpy/nd-array.js';

/** The largest width or height of an image, in pixels. */
export const LONGEST_SIDE = 65_535;

/** The attributes of a library's transform, from its file or from a call of its class. */
export class Settings {
  constructor(
    readonly ctx: Context,
    readonly self: Instance,
  ) {}

  /** None is undefined. */
  value(name: string): Value | undefined {
    return this.ctx.findAttr(this.self, name) ?? undefined;
  }

  number(name: string, absent?: number): number {
    const value = this.value(name) ?? absent;
    if (typeof value === 'bigint') return Number(value);
    if (typeof value === 'boolean') return Number(value);
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw this.unread(name);
  }

  /** A number of pixels. */
  whole(name: string, absent?: number): number {
    const value = this.number(name, absent);
    if (Number.isInteger(value) && Math.abs(value) <= LONGEST_SIDE) return value;
    throw this.unread(name);
  }

  optional(name: string): number | undefined {
    return this.value(name) === undefined ? undefined : this.number(name);
  }

  numbers(name: string): number[] | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (value instanceof ArrayValue) return Array.from(value.array.flat(), Number);
    const items = itemsOf(value) ?? [value];
    return items.map((item) => {
      if (typeof item === 'number' || typeof item === 'bigint') return Number(item);
      throw this.unread(name);
    });
  }

  text(name: string, absent: string): string {
    const value = this.value(name) ?? absent;
    if (typeof value === 'string') return value;
    throw this.unread(name);
  }

  flag(name: string): boolean {
    return this.ctx.truth(this.value(name) ?? false);
  }

  /** Its unsupported part. */
  unsupported(fact: string): Error {
    const { qualifiedName } = this.self.cls;
    return this.ctx.unsupported(`${qualifiedName} ${fact}`);
  }

  unread(name: string): Error {
    return this.unsupported(`with this value of "${name}" is not supported`);
  }
}

/** The items of a list or tuple. */
export function itemsOf(value: Value | undefined): readonly Value[] | undefined {
  return value instanceof List || value instanceof Tuple ? value.items : undefined;
}

/** Changes an image's pixels. */
export type Change = (image: Nd, settings: Settings) => Nd;
