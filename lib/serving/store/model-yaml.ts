import { IsDefined, IsString, ValidateBy, type ValidationOptions } from 'class-validator';
import { isMap as isMapNode, isScalar, type Document } from 'yaml';
import { CorruptModelError } from './errors/index.js';
import { isBatchDim, problemsOf } from './model-fields.js';
import {
  ModelInfo,
  type ModelInfoFields,
  type ModelMetadata,
  type ModelSignatureOptions,
} from './model-info.js';
import { fromMaps, record } from './records.js';
import { isTagPart, Tag } from './tag.js';
import { parseMicros } from './version.js';
import { parseYaml } from './yaml-document.js';

/** The file of a model's facts. */
export const MODEL_YAML = 'model.yaml';

function Must(be: string, test: (value: unknown) => boolean): PropertyDecorator {
  const options: ValidationOptions = { message: ({ property }) => `${property} must be ${be}` };
  return ValidateBy({ name: 'must', validator: { validate: test } }, options);
}

const isTagText = (value: unknown): boolean => typeof value === 'string' && isTagPart(value);
const isMap = (value: unknown): boolean => value instanceof Map;

/** The keys of model.yaml that mean something here; others are kept, not read. */
class ModelFile {
  @Must('a name of 1 to 63 lower-case letters, digits, "-", "_" or "."', isTagText)
  name: unknown;

  @Must('a version of 1 to 63 lower-case letters, digits, "-", "_" or "."', isTagText)
  version: unknown;

  @IsString({ message: 'module must be a string' })
  module: unknown;

  @Must('a map', isMap)
  labels: unknown;

  @Must('a map', isMap)
  options: unknown;

  @Must('a map', isMap)
  metadata: unknown;

  @Must('a map', isMap)
  context: unknown;

  @Must('a map of signatures by method name', isMap)
  signatures: unknown;

  @IsString({ message: 'api_version must be a string' })
  api_version: unknown;

  @IsDefined({ message: 'creation_time is missing' })
  @Must(
    'an ISO-8601 time',
    (value) => value === undefined || value === null || readMicros(value) !== undefined,
  )
  creation_time: unknown;
}

/**
 * Reads a model.yaml, of BentoML or of this package.
 *
 * As in BentoML missing `signatures` are none, values of labels become strings, and unknown keys
 * are let be; other missing maps are empty.
 *
 * @param path What error messages name: the model's folder.
 * @throws CorruptModelError when it is no YAML, or not of a model.
 */
export function parseModelYaml(text: string, path: string): ModelInfo {
  const document = parseYaml(text);
  const [error] = document.errors;
  if (error) {
    const [first = ''] = error.message.split('\n');
    throw new CorruptModelError(path, [`its model.yaml is no YAML (${first.replace(/:$/, '')})`], {
      cause: error,
    });
  }
  let content: unknown;
  try {
    content = document.toJS({ mapAsMap: true });
  } catch (cause) {
    // An alias that names nothing, or aliases that multiply beyond measure.
    throw new CorruptModelError(path, [`its model.yaml is no YAML (${String(cause)})`], { cause });
  }
  if (!(content instanceof Map)) {
    throw new CorruptModelError(path, ['its model.yaml holds no map of keys']);
  }

  const file = new ModelFile();
  const map = content as Map<unknown, unknown>;
  file.name = written(document.get('name', true));
  file.version = written(document.get('version', true));
  file.module = map.get('module') ?? '';
  file.labels = map.get('labels') ?? new Map();
  file.options = map.get('options') ?? new Map();
  file.metadata = map.get('metadata') ?? new Map();
  file.context = map.get('context') ?? new Map();
  file.signatures = map.get('signatures') ?? new Map();
  file.api_version = map.get('api_version') ?? 'v1';
  file.creation_time = map.get('creation_time');

  const problems = problemsOf(file);
  const fields = problems.length > 0 ? undefined : readFields(file, document, problems);
  if (!fields || problems.length > 0) {
    throw new CorruptModelError(
      path,
      problems.map((problem) => `${problem} in its model.yaml`),
    );
  }
  const tag = new Tag(file.name as string, file.version as string);
  return new ModelInfo(tag, fields, readMicros(file.creation_time) ?? 0, document);
}

/** A scalar as it is written: a version 1.10 is no number. */
function written(node: unknown): string | undefined {
  if (!isScalar(node)) return undefined;
  return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
}

function readMicros(value: unknown): number | undefined {
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? undefined : value.getTime() * 1000;
  }
  return typeof value === 'string' ? parseMicros(value) : undefined;
}

/** The file's facts in the names of the API; adds what is wrong to `problems`. */
function readFields(file: ModelFile, document: Document, problems: string[]): ModelInfoFields {
  const context = file.context as Map<unknown, unknown>;
  const versions = context.get('framework_versions') ?? new Map();
  if (!(versions instanceof Map)) problems.push('context.framework_versions must be a map');
  const optional = (key: string): string | undefined => {
    const value = context.get(key) ?? undefined;
    return value === undefined ? undefined : String(value);
  };
  return {
    module: file.module as string,
    labels: strings(document.get('labels')),
    options: fromMaps(file.options) as Record<string, ModelMetadata>,
    metadata: fromMaps(file.metadata) as Record<string, ModelMetadata>,
    context: {
      frameworkName: optional('framework_name') ?? '',
      frameworkVersions: strings(document.getIn(['context', 'framework_versions'])),
      ...defined({
        bentomlVersion: optional('bentoml_version'),
        pythonVersion: optional('python_version'),
        vtsVersion: optional('vts_version'),
        nodeVersion: optional('node_version'),
      }),
    },
    signatures: readSignatures(file.signatures as Map<unknown, unknown>, problems),
    apiVersion: file.api_version as string,
  };
}

/**
 * A map of texts; where BentoML would see other scalars, and turn them into texts, as they are
 * written.
 */
function strings(node: unknown): Record<string, string> {
  if (!isMapNode(node)) return record();
  return record(
    node.items.map(
      ({ key, value }) => [written(key) ?? '', written(value) ?? String(value)] as const,
    ),
  );
}

function defined<T extends object>(object: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== undefined),
  ) as Partial<T>;
}

function readSignatures(
  map: Map<unknown, unknown>,
  problems: string[],
): Record<string, ModelSignatureOptions> {
  const signatures = record<ModelSignatureOptions>();
  for (const [key, value] of map) {
    const method = String(key);
    const entry = value ?? new Map();
    if (!(entry instanceof Map)) {
      problems.push(`signatures.${method} must be a map`);
      continue;
    }
    const batchable: unknown = entry.get('batchable') ?? false;
    const batchDim: unknown = entry.get('batch_dim') ?? 0;
    if (typeof batchable !== 'boolean') {
      problems.push(`signatures.${method}.batchable must be true or false`);
    } else if (!isBatchDim(batchDim)) {
      problems.push(`signatures.${method}.batch_dim must be a whole number or two`);
    } else {
      signatures[method] = {
        batchable,
        batchDim,
        ...defined({
          inputSpec: fromMaps(entry.get('input_spec')) ?? undefined,
          outputSpec: fromMaps(entry.get('output_spec')) ?? undefined,
        }),
      };
    }
  }
  return signatures;
}
