import type { Context } from './context.js';
import type { Kwargs, Value } from './values.js';

interface Parameter {
  readonly name: string;
  readonly required: boolean;
  readonly positional: boolean;
}

/** A signature as Python writes it; see {@link signature}. */
export interface Signature {
  readonly parameters: readonly Parameter[];
  /** The parameters that need no keyword. */
  readonly positional: readonly Parameter[];
  readonly rest: string | undefined;
  readonly keywords: boolean;
}

const known = new Map<string, Signature>();

/**
 * Parses `x, dim=, *, keepdim=`: a name with `=` is optional and undefined if omitted, `*args`
 * takes the remaining arguments, names after `*` are keyword-only, `**` allows any other keyword.
 */
export function signature(text: string): Signature {
  let parsed = known.get(text);
  if (!parsed) known.set(text, (parsed = parse(text)));
  return parsed;
}

function parse(text: string): Signature {
  const parameters: Parameter[] = [];
  let rest: string | undefined;
  let keywords = false;
  let positional = true;
  for (const part of text.split(',').map((item) => item.trim())) {
    if (part === '') continue;
    if (part.startsWith('**')) keywords = true;
    else if (part.startsWith('*')) {
      rest = part.slice(1) || undefined;
      positional = false;
    } else {
      const required = !part.endsWith('=');
      parameters.push({ name: required ? part : part.slice(0, -1), required, positional });
    }
  }
  const byPlace = parameters.filter((parameter) => parameter.positional);
  return { parameters, positional: byPlace, rest, keywords };
}

/** Arguments by name; `*args` is an array under its name. */
export type Bound = Record<string, Value | undefined>;

/** @throws a TypeError of Python if they do not fit */
export function bind(
  ctx: Context,
  name: string,
  { parameters, positional, rest, keywords }: Signature,
  args: readonly Value[],
  kwargs: Kwargs,
): { readonly bound: Bound; readonly rest: readonly Value[] } {
  const bound: Bound = Object.create(null) as Bound;
  if (args.length > positional.length && rest === undefined) {
    throw ctx.raise(
      'TypeError',
      `${name}() takes at most ${positional.length} positional arguments (${args.length} given)`,
    );
  }
  const given = Math.min(args.length, positional.length);
  for (let index = 0; index < given; index++) bound[positional[index]!.name] = args[index]!;
  for (const [key, value] of kwargs) {
    const parameter = parameters.find((one) => one.name === key);
    if (!parameter) {
      if (keywords) continue;
      throw ctx.raise('TypeError', `${name}() got an unexpected keyword argument '${key}'`);
    }
    if (bound[key] !== undefined) {
      throw ctx.raise('TypeError', `${name}() got multiple values for argument '${key}'`);
    }
    bound[key] = value;
  }
  for (const { name: parameter, required } of parameters) {
    if (required && bound[parameter] === undefined) {
      throw ctx.raise('TypeError', `${name}() missing required argument: '${parameter}'`);
    }
  }
  return { bound, rest: args.slice(positional.length) };
}
