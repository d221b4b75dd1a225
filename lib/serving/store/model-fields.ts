import { isPlainObject } from './records.js';

/** Lists the errors of a value, one fact each. */
type Check = (value: unknown, path: string) => string[];

const CHECKS: Readonly<Record<string, Check>> = {
  module: string,
  labels: strings,
  options: metadataMap,
  metadata: metadataMap,
  context,
  signatures,
  apiVersion: string,
};

/** The errors in the facts for a model.yaml, one fact each. Facts may be missing. */
export function checkModelFields(fields: object): string[] {
  return Object.entries(CHECKS).flatMap(([key, check]) => {
    const value = (fields as Record<string, unknown>)[key];
    return value === undefined || value === null ? [] : check(value, key);
  });
}

function string(value: unknown, path: string): string[] {
  return typeof value === 'string' ? [] : [`${path} must be a string`];
}

function strings(value: unknown, path: string): string[] {
  if (!isPlainObject(value)) return [`${path} must be an object of strings`];
  return Object.entries(value).flatMap(([key, item]) => string(item, `${path}.${key}`));
}

function context(value: unknown, path: string): string[] {
  if (!isPlainObject(value)) return [`${path} must be an object`];
  const { frameworkVersions, ...names } = value;
  return [
    ...strings(frameworkVersions, `${path}.frameworkVersions`),
    ...Object.entries(names).flatMap(([key, item]) =>
      item === undefined ? [] : string(item, `${path}.${key}`),
    ),
  ];
}

function signatures(value: unknown, path: string): string[] {
  if (!isPlainObject(value)) return [`${path} must be an object of signatures by method name`];
  return Object.entries(value).flatMap(([method, given]) => signature(given, `${path}.${method}`));
}

const SIGNATURE_KEYS = ['batchable', 'batchDim', 'inputSpec', 'outputSpec'];

function signature(value: unknown, path: string): string[] {
  if (!isPlainObject(value)) return [`${path} must be an object such as { batchable: false }`];
  const problems = Object.keys(value)
    .filter((key) => !SIGNATURE_KEYS.includes(key))
    .map((key) => `${path} has an unknown key "${key}" (known: ${SIGNATURE_KEYS.join(', ')})`);
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
  if (value instanceof Date && Number.isNaN(value.getTime()))
    return [`${path} is not a valid date`];
  const isScalar = ['string', 'number', 'bigint', 'boolean'].includes(typeof value);
  if (isScalar || value instanceof Date || value instanceof Uint8Array) return [];
  return [
    `${path} must be a string, number, boolean, date, bytes, list or object, not ${describe(value)}`,
  ];
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  return `a ${value.constructor.name}`;
}
