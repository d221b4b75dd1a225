import type { Document } from 'yaml';
import { CorruptModelError } from './errors.js';
import { isBatchDim } from './model-fields.js';
import {
  CONTEXT_KEYS,
  ModelInfo,
  type ModelContext,
  type ModelInfoFields,
  type ModelSignatureOptions,
} from './model-info.js';
import { fromMaps, record } from './records.js';
import { isTagPart, Tag } from './tag.js';
import { parseMicros } from './version.js';
import { parseYaml, yaml } from './yaml-document.js';

export const MODEL_YAML = 'model.yaml';

type YamlMap = Map<unknown, unknown>;
const isMap = (value: unknown): value is YamlMap => value instanceof Map;
const isString = (value: unknown): value is string => typeof value === 'string';
const isTagText = (value: unknown): boolean => isString(value) && isTagPart(value);
const PART = '1 to 63 lower-case letters, digits, "-", "_" or "."';

/** The keys of model.yaml that have a meaning here. Others are kept, but not read. */
type Rule = readonly [
  key: string,
  be: string,
  test: (value: unknown) => boolean,
  standard?: unknown,
];
const MUST_BE: readonly Rule[] = [
  ['name', `a name of ${PART}`, isTagText],
  ['version', `a version of ${PART}`, isTagText],
  ['module', 'a string', isString, ''],
  ['labels', 'a map', isMap, new Map()],
  ['options', 'a map', isMap, new Map()],
  ['metadata', 'a map', isMap, new Map()],
  ['context', 'a map', isMap, new Map()],
  ['signatures', 'a map of signatures by method name', isMap, new Map()],
  ['api_version', 'a string', isString, 'v1'],
  ['creation_time', 'an ISO-8601 time', (value) => readMicros(value) !== undefined],
];

/**
 * Reads a model.yaml of BentoML or of this package. As in BentoML, missing `signatures` mean none,
 * values of labels become strings, and unknown keys are kept. Other missing maps are empty.
 *
 * @param path The model's folder, for error messages.
 * @throws CorruptModelError if it is not valid YAML, or does not describe a model.
 */
export function parseModelYaml(text: string, path: string): ModelInfo {
  const document = parseYaml(text);
  const content = contentOf(document, path);
  content.set('name', written(document.get('name', true)));
  content.set('version', written(document.get('version', true)));
  const problems: string[] = [];
  for (const [key, be, test, standard] of MUST_BE) {
    const value = content.get(key) ?? standard;
    content.set(key, value);
    if (key === 'creation_time' && value === undefined) problems.push(`${key} is missing`);
    else if (!test(value)) problems.push(`${key} must be ${be}`);
  }
  const fields = problems.length > 0 ? undefined : readFields(content, document, problems);
  if (!fields || problems.length > 0) {
    throw new CorruptModelError(
      path,
      problems.map((problem) => `${problem} in its model.yaml`),
    );
  }
  const tag = new Tag(content.get('name') as string, content.get('version') as string);
  return new ModelInfo(tag, fields, readMicros(content.get('creation_time')) ?? 0, document);
}

function contentOf(document: Document.Parsed, path: string): YamlMap {
  let [error]: unknown[] = document.errors;
  let content: unknown;
  try {
    if (!error) content = document.toJS({ mapAsMap: true });
  } catch (cause) {
    // An alias without an anchor, or aliases that multiply without limit.
    error = cause;
  }
  if (error) {
    const [first = ''] = (error as Error).message.split('\n');
    const problem = `its model.yaml is not valid YAML (${first.replace(/:$/, '')})`;
    throw new CorruptModelError(path, [problem], { cause: error });
  }
  if (isMap(content)) return content;
  throw new CorruptModelError(path, ['its model.yaml is not a map']);
}

/** A scalar as written, because a version 1.10 is not a number. */
function written(node: unknown): string | undefined {
  if (!yaml().isScalar(node)) return undefined;
  return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
}

function readMicros(value: unknown): number | undefined {
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? undefined : value.getTime() * 1000;
  }
  return isString(value) ? parseMicros(value) : undefined;
}

/** The file's facts under the names of the API. Adds errors to `problems`. */
function readFields(content: YamlMap, document: Document, problems: string[]): ModelInfoFields {
  const context = content.get('context') as YamlMap;
  if (!isMap(context.get('framework_versions') ?? new Map())) {
    problems.push('context.framework_versions must be a map');
  }
  const known = Object.entries(CONTEXT_KEYS).flatMap(([name, key]) => {
    const value = context.get(key) ?? undefined;
    return value === undefined ? [] : [[name, String(value)]];
  });
  return {
    module: content.get('module') as string,
    labels: strings(document.get('labels')),
    options: fromMaps(content.get('options')) as ModelInfoFields['options'],
    metadata: fromMaps(content.get('metadata')) as ModelInfoFields['metadata'],
    context: {
      frameworkName: '',
      frameworkVersions: strings(document.getIn(['context', 'framework_versions'])),
      ...(Object.fromEntries(known) as Partial<ModelContext>),
    },
    signatures: readSignatures(content.get('signatures') as YamlMap, problems),
    apiVersion: content.get('api_version') as string,
  };
}

/** A map of texts. Other scalars, which BentoML would turn into texts, stay as written. */
function strings(node: unknown): Record<string, string> {
  if (!yaml().isMap(node)) return record();
  return record(
    node.items.map(
      ({ key, value }) => [written(key) ?? '', written(value) ?? String(value)] as const,
    ),
  );
}

function readSignatures(map: YamlMap, problems: string[]): Record<string, ModelSignatureOptions> {
  const signatures = record<ModelSignatureOptions>();
  for (const [key, value] of map) {
    const path = `signatures.${String(key)}`;
    const entry = value ?? new Map();
    if (!isMap(entry)) {
      problems.push(`${path} must be a map`);
      continue;
    }
    const batchable = entry.get('batchable') ?? false;
    const batchDim = entry.get('batch_dim') ?? 0;
    if (typeof batchable !== 'boolean') problems.push(`${path}.batchable must be true or false`);
    else if (!isBatchDim(batchDim)) {
      problems.push(`${path}.batch_dim must be a whole number or two`);
    } else {
      const [inputSpec, outputSpec] = ['input_spec', 'output_spec'].map(
        (spec) => fromMaps(entry.get(spec)) ?? undefined,
      );
      signatures[String(key)] = { batchable, batchDim, inputSpec, outputSpec };
    }
  }
  return signatures;
}
