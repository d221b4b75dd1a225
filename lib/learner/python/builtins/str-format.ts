import type { Context } from '../context.js';
import type { Kwargs, Value } from '../values.js';
import { formatValue } from './format-spec.js';
import { asciiRepr } from './repr.js';

/** The source of values for the fields of a template. */
interface Fields {
  at(index: number): Value;
  named(name: string): Value;
}

/** `template.format(*args, **kwargs)`. */
export function strFormat(
  ctx: Context,
  template: string,
  args: readonly Value[],
  kwargs: Kwargs,
): string {
  return new Formatter(ctx, {
    at: (index) => {
      const value = args[index];
      if (value !== undefined) return value;
      throw ctx.raise(
        'IndexError',
        `Replacement index ${index} out of range for positional args tuple`,
      );
    },
    named: (name) => {
      const value = kwargs.get(name);
      if (value !== undefined) return value;
      throw ctx.raise('KeyError', ctx.repr(name));
    },
  }).format(template, 2);
}

/** `template.format_map(mapping)`. */
export function strFormatMap(ctx: Context, template: string, mapping: Value): string {
  return new Formatter(ctx, {
    at: () => {
      throw ctx.raise('ValueError', 'Format string contains positional fields');
    },
    named: (name) => ctx.getItem(mapping, name),
  }).format(template, 2);
}

class Formatter {
  /** The number of the next unnumbered field; -1 once a field had a number. */
  #auto = 0;

  constructor(
    private readonly ctx: Context,
    private readonly fields: Fields,
  ) {}

  format(template: string, depth: number): string {
    const { ctx } = this;
    if (depth === 0) throw ctx.raise('ValueError', 'Max string recursion exceeded');
    ctx.budget.step(template.length);
    let result = '';
    let at = 0;
    while (at < template.length) {
      const char = template[at] as string;
      if (char === '{' && template[at + 1] !== '{') {
        const end = this.#endOf(template, at + 1);
        const text = this.#field(template.slice(at + 1, end), depth);
        ctx.budget.charge(text.length);
        result += text;
        at = end + 1;
      } else if (char === '{' || char === '}') {
        if (template[at + 1] !== char) {
          throw ctx.raise('ValueError', `Single '${char}' encountered in format string`);
        }
        result += char;
        at += 2;
      } else {
        const next = template.slice(at).search(/[{}]/);
        const end = next < 0 ? template.length : at + next;
        result += template.slice(at, end);
        at = end;
      }
    }
    ctx.budget.charge(result.length);
    return result;
  }

  /** The brace that ends a field; braces in brackets do not count. */
  #endOf(template: string, start: number): number {
    let depth = 1;
    let bracket = false;
    let inName = true;
    for (let at = start; at < template.length; at++) {
      const char = template[at];
      if (inName && char === '[') bracket = true;
      else if (char === ']') bracket = false;
      else if (bracket) continue;
      else if (char === '{') depth++;
      else if (char === '}' && --depth === 0) return at;
      else if (char === ':' || char === '!') inName = false;
    }
    throw this.ctx.raise(
      'ValueError',
      start === template.length
        ? "Single '{' encountered in format string"
        : "expected '}' before end of string",
    );
  }

  #field(text: string, depth: number): string {
    const { ctx } = this;
    // Brackets may contain either sign.
    const match = /^((?:[^[:!]|\[[^\]]*\]?)*)(?:!([^]?))?(?::([^]*))?$/u.exec(text);
    if (!match) throw ctx.raise('ValueError', "expected ':' after conversion specifier");
    const [, name = '', conversion, spec = ''] = match;
    if (/[{]/.test(name)) throw ctx.raise('ValueError', "unexpected '{' in field name");
    const value = this.#converted(this.#valueOf(name), conversion);
    return formatValue(
      ctx,
      value,
      spec.includes('{') || spec.includes('}') ? this.format(spec, depth - 1) : spec,
    );
  }

  #converted(value: Value, conversion: string | undefined): Value {
    const { ctx } = this;
    if (conversion === undefined) return value;
    if (conversion === 's') return ctx.str(value);
    if (conversion === 'r') return ctx.repr(value);
    if (conversion === 'a') return asciiRepr(ctx, value);
    if (conversion === '') {
      throw ctx.raise('ValueError', 'end of string while looking for conversion specifier');
    }
    throw ctx.raise(
      'ValueError',
      `Unknown conversion specifier ${JSON.stringify(conversion).slice(1, -1)}`,
    );
  }

  #valueOf(field: string): Value {
    const { ctx } = this;
    const first = /^[^.[]*/.exec(field)?.[0] ?? '';
    let value = this.#first(first);
    let rest = field.slice(first.length);
    while (rest !== '') {
      ctx.budget.step();
      const attribute = /^\.([^.[]+)/.exec(rest);
      const item = /^\[([^\]]+)\]/.exec(rest);
      if (attribute) value = ctx.getAttr(value, attribute[1] as string);
      else if (item) {
        const key = item[1] as string;
        value = ctx.getItem(value, /^\d+$/.test(key) ? BigInt(key) : key);
      } else if (/^\[[^\]]*$/.test(rest)) {
        throw ctx.raise('ValueError', "Missing ']' in format string");
      } else if (/^\[\]|^\.(?:$|[.[])/.test(rest)) {
        throw ctx.raise('ValueError', 'Empty attribute in format string');
      } else {
        throw ctx.raise('ValueError', "Only '.' or '[' may follow ']' in format field specifier");
      }
      rest = rest.slice((attribute ?? item)?.[0].length);
    }
    return value;
  }

  #first(name: string): Value {
    const { ctx } = this;
    if (name === '') {
      if (this.#auto < 0) {
        throw ctx.raise(
          'ValueError',
          'cannot switch from manual field specification to automatic field numbering',
        );
      }
      return this.fields.at(this.#auto++);
    }
    if (!/^\d+$/.test(name)) return this.fields.named(name);
    if (this.#auto > 0) {
      throw ctx.raise(
        'ValueError',
        'cannot switch from automatic field numbering to manual field specification',
      );
    }
    this.#auto = -1;
    return this.fields.at(Number(name));
  }
}
