import type { Document } from 'yaml';
import { InvalidModelInfoError } from './errors/index.js';
import { formatMicros } from './version.js';
import { checkModelFields } from './model-fields.js';
import { record } from './records.js';
import { Tag } from './tag.js';
import { renderDocument, toDocument, updateDocument } from './yaml-document.js';

/**
 * One method of a model that runners may call.
 *
 * @publicApi
 */
export interface ModelSignature {
  /** Whether calls may be merged into batches. Default false. */
  batchable: boolean;
  /** The dimension of the batch in the inputs and in the outputs. Default [0, 0]. */
  batchDim: readonly [number, number];
  /** Reserved by BentoML; kept as it is. */
  inputSpec?: unknown;
  outputSpec?: unknown;
}

/**
 * A signature as the caller gives it; one number in `batchDim` is for inputs and outputs.
 *
 * @publicApi
 */
export interface ModelSignatureOptions {
  batchable?: boolean;
  batchDim?: number | readonly [number, number];
  inputSpec?: unknown;
  outputSpec?: unknown;
}

/**
 * What can stand in a model's metadata: what Python's YAML reader reads back. No null: BentoML
 * refuses it.
 *
 * @publicApi
 */
export type ModelMetadata =
  | string
  | number
  | bigint
  | boolean
  | Date
  | Uint8Array
  | readonly ModelMetadata[]
  | { readonly [key: string]: ModelMetadata };

/**
 * With what a model was made.
 *
 * @publicApi
 */
export interface ModelContext {
  /** `fastai`, `torch`, or '' for none. */
  frameworkName: string;
  /**
   * Version by package name. A fastai export names no versions: empty unless the caller gave them.
   */
  frameworkVersions: Readonly<Record<string, string>>;
  /** Where BentoML saved the model. */
  bentomlVersion?: string;
  pythonVersion?: string;
  /** Where this package saved it. */
  vtsVersion?: string;
  nodeVersion?: string;
}

/** What {@link ModelInfo.create} describes. */
export interface ModelInfoFields {
  module: string;
  labels: Readonly<Record<string, string>>;
  options: Readonly<Record<string, ModelMetadata>>;
  metadata: Readonly<Record<string, ModelMetadata>>;
  context: ModelContext;
  signatures: Readonly<Record<string, ModelSignatureOptions>>;
  apiVersion: string;
}

/**
 * The facts of a model: its model.yaml as an object, camelCase where the file has snake_case.
 *
 * Objects whose keys come from the file (`labels`, `metadata`, `signatures`...) have no prototype.
 *
 * @publicApi
 */
export class ModelInfo {
  readonly #document: Document;
  readonly #micros: number;

  readonly name: string;
  readonly version: string;
  /** The framework's module in BentoML: `bentoml.fastai`, `bentoml.pytorch`, or '' for none. */
  readonly module: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Options of the framework, such as `partial_kwargs`, as they stand in the file. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly context: ModelContext;
  /** By the method's name in Python. */
  readonly signatures: Readonly<Record<string, ModelSignature>>;
  readonly apiVersion: string;
  readonly creationTime: Date;

  /** @internal */
  constructor(tag: Tag, fields: ModelInfoFields, micros: number, document: Document) {
    this.#document = document;
    this.#micros = micros;
    this.name = tag.name;
    this.version = tag.version ?? '';
    this.module = fields.module;
    this.labels = record(Object.entries(fields.labels));
    this.options = record(Object.entries(fields.options));
    this.metadata = record(Object.entries(fields.metadata));
    this.context = {
      ...fields.context,
      frameworkVersions: record(Object.entries(fields.context.frameworkVersions)),
    };
    this.signatures = record(
      Object.entries(fields.signatures).map(([method, given]) => [method, signature(given)]),
    );
    this.apiVersion = fields.apiVersion;
    this.creationTime = new Date(Math.floor(micros / 1000));
  }

  /**
   * Describes a new model.
   *
   * @throws InvalidModelInfoError when a label, signature, context or metadata entry is of no kind
   * that the file can hold.
   * @internal
   */
  static create(tag: Tag, fields: ModelInfoFields, micros: number): ModelInfo {
    const problems = checkModelFields(fields);
    if (problems.length > 0) throw new InvalidModelInfoError(tag.toString(), problems);
    const document = toDocument(fileOrder(tag, fields, formatMicros(micros)));
    return new ModelInfo(tag, fields, micros, document);
  }

  get tag(): Tag {
    return new Tag(this.name, this.version);
  }

  /** {@link creationTime} in the microseconds of the file. @internal */
  get creationMicros(): number {
    return this.#micros;
  }

  /**
   * The same facts with other labels or metadata. Everything else that the file holds, keys unknown
   * here and comments included, is kept.
   *
   * @throws InvalidModelInfoError when they are of no kind that the file can hold.
   */
  with(changes: {
    labels?: Readonly<Record<string, string>>;
    metadata?: Readonly<Record<string, ModelMetadata>>;
  }): ModelInfo {
    const problems = checkModelFields(changes);
    if (problems.length > 0) throw new InvalidModelInfoError(this.tag.toString(), problems);
    const fields = {
      ...this,
      labels: changes.labels ?? this.labels,
      metadata: changes.metadata ?? this.metadata,
    } as ModelInfoFields;
    return new ModelInfo(this.tag, fields, this.#micros, updateDocument(this.#document, changes));
  }

  /** The text of model.yaml, which PyYAML and so BentoML read. */
  toYaml(): string {
    return renderDocument(this.#document);
  }
}

function signature(given: ModelSignatureOptions): ModelSignature {
  const { batchable = false, batchDim = 0, inputSpec, outputSpec } = given;
  return {
    batchable,
    batchDim: typeof batchDim === 'number' ? [batchDim, batchDim] : batchDim,
    ...(inputSpec === undefined ? {} : { inputSpec }),
    ...(outputSpec === undefined ? {} : { outputSpec }),
  };
}

/** The facts under the file's keys, in BentoML's order, without what it leaves out. */
function fileOrder(tag: Tag, fields: ModelInfoFields, creationTime: string): [string, unknown][] {
  const { context } = fields;
  const ifSet = (key: string, value: unknown): [string, unknown][] =>
    value === undefined ? [] : [[key, value]];
  const signatures = Object.entries(fields.signatures).map(([method, given]) => {
    const { batchable, batchDim, inputSpec, outputSpec } = signature(given);
    return [
      method,
      new Map([
        ['batchable', batchable],
        ...(batchable ? ifSet('batch_dim', batchDim) : []),
        ...ifSet('input_spec', inputSpec),
        ...ifSet('output_spec', outputSpec),
      ] as [string, unknown][]),
    ] as const;
  });
  return [
    ['name', tag.name],
    ['version', tag.version],
    ['module', fields.module],
    ['labels', new Map(Object.entries(fields.labels))],
    ['options', new Map(Object.entries(fields.options))],
    ['metadata', new Map(Object.entries(fields.metadata))],
    [
      'context',
      new Map([
        ['framework_name', context.frameworkName],
        ['framework_versions', new Map(Object.entries(context.frameworkVersions))],
        ...ifSet('bentoml_version', context.bentomlVersion),
        ...ifSet('python_version', context.pythonVersion),
        ...ifSet('vts_version', context.vtsVersion),
        ...ifSet('node_version', context.nodeVersion),
      ] as [string, unknown][]),
    ],
    ['signatures', new Map(signatures)],
    ['api_version', fields.apiVersion],
    ['creation_time', creationTime],
  ];
}
