import {
  IsOptional,
  IsString,
  validateSync,
  ValidateBy,
  type ValidationOptions,
} from 'class-validator';
import { isPlainObject } from './records.js';

/** A decorator from a function that lists what is wrong with a value, one fact each. */
function Checked(problems: (value: unknown, path: string) => string[]): PropertyDecorator {
  const options: ValidationOptions = {
    message: ({ value, property }) => problems(value, property).join('\n'),
  };
  return ValidateBy(
    {
      name: 'checked',
      validator: { validate: (value, args) => problems(value, args?.property ?? '').length === 0 },
    },
    options,
  );
}

/** The facts that a caller gives, in the caller's names. */
class ModelFields {
  @IsOptional()
  @IsString()
  module?: unknown;

  @IsOptional()
  @Checked(strings)
  labels?: unknown;

  @IsOptional()
  @Checked(metadataMap)
  options?: unknown;

  @IsOptional()
  @Checked(metadataMap)
  metadata?: unknown;

  @IsOptional()
  @Checked(context)
  context?: unknown;

  @IsOptional()
  @Checked(signatures)
  signatures?: unknown;

  @IsOptional()
  @IsString()
  apiVersion?: unknown;
}

/**
 * What is wrong with the facts given for a model.yaml, one sentence part each; none when all is
 * well.
 */
export function checkModelFields(fields: object): string[] {
  return problemsOf(Object.assign(new ModelFields(), fields));
}

/** What class-validator says of an object, one fact each. */
export function problemsOf(object: object): string[] {
  return validateSync(object, { forbidUnknownValues: false }).flatMap((error) =>
    Object.values(error.constraints ?? {}).flatMap((message) => message.split('\n')),
  );
}

function strings(value: unknown, path: string): string[] {
  if (!isPlainObject(value)) return [`${path} must be an object of strings`];
  return Object.entries(value).flatMap(([key, item]) =>
    typeof item === 'string' ? [] : [`${path}.${key} must be a string`],
  );
}

function context(value: unknown, path: string): string[] {
  if (!isPlainObject(value)) return [`${path} must be an object`];
  const { frameworkVersions, ...names } = value;
  return [
    ...strings(frameworkVersions, `${path}.frameworkVersions`),
    ...Object.entries(names).flatMap(([key, item]) =>
      item === undefined || typeof item === 'string' ? [] : [`${path}.${key} must be a string`],
    ),
  ];
}

function signatures(value: unknown, path: string): string[] {
  if (!isPlainObject(value)) return [`${path} must be an object of signatures by method name`];
  return Object.entries(value).flatMap(([method, given]) => signature(given, `${path}.${method}`));
}

const SIGNATURE_KEYS = new Set(['batchable', 'batchDim', 'inputSpec', 'outputSpec']);

function signature(value: unknown, path: string): string[] {
  if (!isPlainObject(value)) {
    return [`${path} must be an object such as { batchable: false }`];
  }
  const problems = Object.keys(value)
    .filter((key) => !SIGNATURE_KEYS.has(key))
    .map((key) => `${path} has an unknown key "${key}" (known: ${[...SIGNATURE_KEYS].join(', ')})`);
  const { batchable, batchDim } = value;
  if (batchable !== undefined && typeof batchable !== 'boolean') {
    problems.push(`${path}.batchable must be true or false`);
  }
  if (batchDim !== undefined && !isBatchDim(batchDim)) {
    problems.push(`${path}.batchDim must be a whole number, or two of them for inputs and outputs`);
  }
  return problems;
}

/** Whether it is a dimension, or two. */
export function isBatchDim(value: unknown): value is number | [number, number] {
  return (
    Number.isInteger(value) ||
    (Array.isArray(value) && value.length === 2 && value.every((dim) => Number.isInteger(dim)))
  );
}

function metadataMap(value: unknown, path: string): string[] {
  return isPlainObject(value) ? metadata(value, path, []) : [`${path} must be an object`];
}

function metadata(value: unknown, path: string, parents: readonly unknown[]): string[] {
  if (parents.includes(value)) return [`${path} contains itself`];
  const inside = [...parents, value];
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => metadata(item, `${path}[${index}]`, inside));
  }
  if (isPlainObject(value)) {
    return Object.entries(value).flatMap(([key, item]) => metadata(item, `${path}.${key}`, inside));
  }
  if (value instanceof Date && Number.isNaN(value.getTime())) return [`${path} is no valid date`];
  const kind = typeof value;
  const holds =
    kind === 'string' ||
    kind === 'number' ||
    kind === 'bigint' ||
    kind === 'boolean' ||
    value instanceof Date ||
    value instanceof Uint8Array;
  return holds
    ? []
    : [
        `${path} must be a text, number, boolean, date, bytes, list or object, not ${describe(value)}`,
      ];
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  return `a ${value.constructor.name}`;
}
