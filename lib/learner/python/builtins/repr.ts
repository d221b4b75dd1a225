import type { Context } from '../context.js';
import { HostObject } from '../host.js';
import { inOrder } from '../set-order.js';
import { typeOf } from '../types.js';
import {
  BoundMethod,
  Builtin,
  ClassValue,
  Dict,
  Func,
  Instance,
  List,
  ModuleValue,
  PyIterator,
  Range,
  SetValue,
  Singleton,
  Slice,
  Tuple,
  type Value,
} from '../values.js';
import { floatRepr } from './float-text.js';
import { intText } from './int-text.js';
import { plainOf } from './unwrap.js';
import { isPrintable } from './unicode.js';

/** Stands for memory addresses, which differ from run to run in Python. */
const PLACE = '0x7f0000000000';

/**
 * `repr(value)` of Python's own values. Nested values go through `ctx.repr`, which knows the
 * methods of classes.
 */
export function reprOf(ctx: Context, given: Value): string {
  const text = textOf(ctx, plainOf(given));
  ctx.budget.charge(text.length);
  return text;
}

function textOf(ctx: Context, value: Value): string {
  switch (typeof value) {
    case 'string':
      return strRepr(value);
    case 'number':
      return floatRepr(value);
    case 'bigint':
      return intText(ctx, value);
    case 'boolean':
      return value ? 'True' : 'False';
    default:
  }
  if (value === null) return 'None';
  if (value instanceof Uint8Array) return bytesRepr(value);
  if (value instanceof List)
    return nested(ctx, value, '[...]', () => `[${list(ctx, value.items)}]`);
  if (value instanceof Tuple) {
    const named = namedFields(value);
    if (named) {
      const fields = named.map((name, at) => `${name}=${ctx.repr(value.items[at] ?? null)}`);
      return `${value.cls?.name ?? ''}(${fields.join(', ')})`;
    }
    return nested(ctx, value, '(...)', () =>
      value.items.length === 1 ? `(${list(ctx, value.items)},)` : `(${list(ctx, value.items)})`,
    );
  }
  if (value instanceof Dict) return nested(ctx, value, '{...}', () => dictRepr(ctx, value));
  if (value instanceof SetValue) {
    const items = list(ctx, inOrder(ctx, value));
    if (value.frozen) return items === '' ? 'frozenset()' : `frozenset({${items}})`;
    return items === '' ? 'set()' : `{${items}}`;
  }
  if (value instanceof Slice) {
    return `slice(${list(ctx, [value.start, value.stop, value.step])})`;
  }
  if (value instanceof Range) {
    const step = value.step === 1n ? '' : `, ${value.step}`;
    return `range(${value.start}, ${value.stop}${step})`;
  }
  if (value instanceof HostObject) {
    return value.repr?.(ctx) ?? `<${value.typeName} object at ${PLACE}>`;
  }
  return describe(value);
}

function describe(value: Exclude<Value, null | string | number | bigint | boolean>): string {
  if (value instanceof ClassValue) {
    const name = value.qualifiedName.replace(/^builtins\./, '');
    return `<class '${name}'>`;
  }
  if (value instanceof Func) return `<function ${value.qualname} at ${PLACE}>`;
  if (value instanceof Builtin) return `<built-in function ${value.name}>`;
  if (value instanceof BoundMethod) return `<bound method at ${PLACE}>`;
  if (value instanceof ModuleValue) return `<module '${value.path}'>`;
  if (value instanceof Singleton) return value.name;
  if (value instanceof PyIterator) return `<${value.kind} object at ${PLACE}>`;
  const cls = value instanceof Instance ? value.cls : typeOf(value);
  return `<${cls?.qualifiedName ?? 'object'} object at ${PLACE}>`;
}

function list(ctx: Context, items: readonly Value[]): string {
  ctx.budget.step(items.length);
  return items.map((item) => ctx.repr(item)).join(', ');
}

function dictRepr(ctx: Context, dict: Dict): string {
  ctx.budget.step(dict.entries.size);
  const items = [...dict.entries.values()].map(
    ([key, value]) => `${ctx.repr(key)}: ${ctx.repr(value)}`,
  );
  const text = `{${items.join(', ')}}`;
  if (dict.factory !== undefined) return `defaultdict(${ctx.repr(dict.factory)}, ${text})`;
  const name = dict.cls?.name;
  if (name === undefined || name === 'dict') return text;
  return items.length === 0 ? `${name}()` : `${name}(${text})`;
}

/** The names of a named tuple's items. */
function namedFields(tuple: Tuple): readonly string[] | undefined {
  const fields = tuple.cls?.lookup('_fields');
  return fields instanceof Tuple ? fields.items.map(String) : undefined;
}

/** Containers in progress, so that the repr of a list that holds itself ends. */
const open = new WeakMap<Context, Set<object>>();

function nested(ctx: Context, value: object, short: string, write: () => string): string {
  const writing = open.get(ctx) ?? new Set();
  open.set(ctx, writing);
  if (writing.has(value)) return short;
  writing.add(value);
  ctx.budget.enter();
  try {
    return write();
  } finally {
    ctx.budget.leave();
    writing.delete(value);
  }
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

/** `repr(text)`. */
export function strRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  if (/^[ !#-&(-[\]-~]*$/.test(text)) return `'${text}'`;
  let body = '';
  for (const char of text) {
    body +=
      ESCAPES.get(char) ??
      (char === quote ? `\\${quote}` : isPrintable(char) ? char : escaped(char));
  }
  return quote + body + quote;
}

function escaped(char: string): string {
  const code = char.codePointAt(0) as number;
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

/** `ascii(value)`. */
export function asciiRepr(ctx: Context, value: Value): string {
  return ctx.repr(value).replace(/[^\0-\x7f]/gu, escaped);
}

function bytesRepr(bytes: Uint8Array): string {
  const quote = bytes.includes(0x27) && !bytes.includes(0x22) ? '"' : "'";
  let body = '';
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    body +=
      ESCAPES.get(char) ??
      (char === quote ? `\\${quote}` : byte >= 0x20 && byte < 0x7f ? char : escaped(char));
  }
  return `b${quote}${body}${quote}`;
}
