import type { ValidationError } from 'class-validator';
import { pathOf, required } from '../../optional.js';

export type Dto<T extends object = object> = new () => T;
export type Rule = ReturnType<
  ReturnType<Validator['getMetadataStorage']>['getTargetValidationMetadatas']
>[number];

type Validator = typeof import('class-validator');
let validator: Validator | undefined;
let transformer: typeof import('class-transformer') | undefined;

const FEATURE = 'Json({ dto })';

/** Loaded with the first class, whose module has already loaded it for its decorators. */
function loadValidator(): Validator {
  const loaded = required('class-validator', FEATURE);
  // Loaded with the first object; a missing package is reported at the start.
  pathOf('class-transformer', FEATURE);
  return (validator = loaded);
}

/** The rules of class-validator that a class has or inherits. @throws MissingPackageError */
export function rulesOf(dto: Dto): readonly Rule[] {
  const { getMetadataStorage } = validator ?? loadValidator();
  return getMetadataStorage().getTargetValidationMetadatas(dto, '', false, false);
}

export function instanceOf<T extends object>(dto: Dto<T>, value: object): T {
  transformer ??= required('class-transformer', FEATURE);
  return transformer.plainToInstance(dto, value);
}

export interface Checked<T> {
  readonly instance: T;
  readonly broken: readonly string[];
}

/** Converts an object to an instance of its class, and lists the rules that it breaks. */
export async function checked<T extends object>(
  dto: Dto<T>,
  value: unknown,
  path = '',
): Promise<Checked<T>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const what = path === '' ? 'the body is not an object' : `${path} must be an object`;
    return { instance: value as T, broken: [what] };
  }
  const instance = instanceOf(dto, value);
  const { validate } = validator ?? loadValidator();
  const errors = await validate(instance, { whitelist: true, forbidNonWhitelisted: true });
  return { instance, broken: violations(errors, path === '' ? '' : `${path}.`) };
}

/** The text before the property's name in the messages of class-validator. */
const OPENINGS = [
  '',
  'property ',
  'each value in ',
  'nested property ',
  'each value in nested property ',
];

/** The broken rules, each with the full path of its property. */
function violations(errors: readonly ValidationError[], parent: string): string[] {
  return errors.flatMap(({ property, constraints = {}, children = [] }) => {
    const path = `${parent}${property}`;
    const own = Object.values(constraints).map((message) => withPath(message, property, path));
    return [...own, ...violations(children, `${path}.`)];
  });
}

function withPath(message: string, property: string, path: string): string {
  const opening = OPENINGS.find((each) => message.startsWith(`${each}${property} `));
  // A custom message may not name its property.
  if (opening === undefined) return `${path}: ${message}`;
  return `${opening}${path}${message.slice(opening.length + property.length)}`;
}
