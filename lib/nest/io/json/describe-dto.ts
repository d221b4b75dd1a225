import type { ApiPropertyOptions, ApiSchemaOptions } from '@nestjs/swagger';
import { ApiProperty, ApiSchema } from '../../openapi.js';
import { instanceOf, rulesOf, type Dto, type Rule } from './dto.js';

/** The schema for each rule. The rules of one property add up. */
type Facts = Record<string, unknown>;

const TYPES = new Map<string, Facts>([
  ['isInt', { type: 'integer' }],
  ['isNumber', { type: 'number' }],
  ['isPositive', { type: 'number', exclusiveMinimum: true, minimum: 0 }],
  ['isNegative', { type: 'number', exclusiveMaximum: true, maximum: 0 }],
  ['isString', { type: 'string' }],
  ['isNotEmpty', {}],
  ['isBoolean', { type: 'boolean' }],
  ['isObject', { type: 'object' }],
  ['isArray', { type: 'array' }],
  ['isDate', { type: 'string', format: 'date-time' }],
  ['isDateString', { type: 'string', format: 'date-time' }],
  ['isIso8601', { type: 'string', format: 'date-time' }],
  ['isEmail', { type: 'string', format: 'email' }],
  ['isUrl', { type: 'string', format: 'uri' }],
  ['isUuid', { type: 'string', format: 'uuid' }],
]);

const BOUNDS = new Map<string, (constraints: readonly unknown[]) => Facts>([
  ['min', ([minimum]) => ({ minimum })],
  ['max', ([maximum]) => ({ maximum })],
  ['minLength', ([minLength]) => ({ type: 'string', minLength })],
  ['maxLength', ([maxLength]) => ({ type: 'string', maxLength })],
  ['isLength', ([minLength, maxLength]) => ({ type: 'string', minLength, maxLength })],
  ['matches', ([pattern]) => ({ type: 'string', pattern: patternOf(pattern) })],
  ['isIn', ([values]) => ({ enum: values })],
  ['isEnum', ([, values]) => ({ enum: values })],
  ['equals', ([value]) => ({ enum: [value] })],
]);

const LIST_BOUNDS = new Map<string, (constraints: readonly unknown[]) => Facts>([
  ['arrayMinSize', ([minItems]) => ({ minItems })],
  ['arrayMaxSize', ([maxItems]) => ({ maxItems })],
  ['arrayNotEmpty', () => ({ minItems: 1 })],
  ['arrayUnique', () => ({ uniqueItems: true })],
]);

const described = new WeakSet<Dto>();

/** Documents the properties that have rules but no `@ApiProperty`, in nested classes too. */
export function describeDto(dto: Dto): void {
  if (described.has(dto)) return;
  described.add(dto);
  const properties = new Map<string, Rule[]>();
  for (const rule of rulesOf(dto)) {
    const rules = properties.get(rule.propertyName);
    if (rules) rules.push(rule);
    else properties.set(rule.propertyName, [rule]);
  }
  refuseOthers(dto);
  for (const [name, rules] of properties) {
    const nested = rules.some(({ type }) => type === 'nestedValidation')
      ? nestedClass(dto, name)
      : undefined;
    if (nested) describeDto(nested);
    if (Reflect.hasMetadata('swagger/apiModelProperties', dto.prototype as object, name)) continue;
    ApiProperty(propertyOf(dto, name, rules, nested))(dto.prototype as object, name);
  }
}

/** Generated clients and tests must know that a property without a rule is refused. */
function refuseOthers(dto: Dto): void {
  const known = Reflect.getOwnMetadata('swagger/apiSchema', dto) as object[] | undefined;
  // The decorator's type covers only a part of a schema, but passes everything to the document.
  ApiSchema({ ...known?.at(-1), additionalProperties: false } as ApiSchemaOptions)(dto);
}

function propertyOf(
  dto: Dto,
  name: string,
  rules: readonly Rule[],
  nested: Dto | undefined,
): ApiPropertyOptions {
  const value: Facts = {};
  const list: Facts = {};
  let [isList, required, nullable] = [false, true, false];
  for (const { name: kind = '', type, each, constraints } of rules) {
    if (type === 'conditionalValidation') required = false;
    // `@IsOptional()` lets null pass as well.
    if (kind === 'isOptional') nullable = true;
    if (kind === 'isArray' || each) isList = true;
    const bound = LIST_BOUNDS.get(kind);
    if (bound) {
      isList = true;
      Object.assign(list, bound(constraints ?? []));
    } else if (kind !== 'isArray') {
      Object.assign(value, merged(value, kind, constraints ?? []));
    }
  }
  const designed: unknown = Reflect.getMetadata('design:type', dto.prototype as object, name);
  if (designed === Array) isList = true;
  const optional = { required, ...(nullable ? { nullable } : {}) };
  if (nested) {
    return { type: () => nested, ...optional, ...(isList ? { isArray: true, ...list } : {}) };
  }
  const item = { ...(value['type'] === undefined ? DESIGNED.get(designed) : {}), ...value };
  return (
    isList ? { type: 'array', items: item, ...list, ...optional } : { ...any(item), ...optional }
  ) as ApiPropertyOptions;
}

function merged(value: Facts, kind: string, constraints: readonly unknown[]): Facts {
  const facts = TYPES.get(kind) ?? BOUNDS.get(kind)?.(constraints) ?? {};
  // `@IsInt() @IsPositive()` means whole numbers from 1.
  return value['type'] === 'integer' && facts['type'] === 'number'
    ? { ...facts, type: 'integer' }
    : facts;
}

/** Swagger would guess a type from the class, but the rules do not give one. */
function any(item: Facts): Facts {
  if (item['type'] !== undefined || item['enum'] !== undefined) return item;
  return { oneOf: [{}], ...item };
}

const DESIGNED = new Map<unknown, Facts>([
  [String, { type: 'string' }],
  [Number, { type: 'number' }],
  [Boolean, { type: 'boolean' }],
]);

/**
 * The class of `@Type`. class-transformer does not expose it, but reveals it when it creates an
 * instance.
 */
function nestedClass(dto: Dto, name: string): Dto | undefined {
  const made = instanceOf(dto, { [name]: [{}] }) as Record<string, unknown>;
  const [first] = [made[name]].flat() as [object | undefined];
  const found = first?.constructor as Dto | undefined;
  return found === Object || found === Array ? undefined : found;
}

function patternOf(given: unknown): string | undefined {
  if (given instanceof RegExp) return given.source;
  return typeof given === 'string' ? given : undefined;
}
