import type { Document } from 'yaml';
import { InvalidModelInfoError } from './errors.js';
import { formatMicros } from './version.js';
import { checkModelFields } from './model-fields.js';
import { record } from './records.js';
import { Tag } from './tag.js';
import { renderDocument, toDocument, updateDocument } from './yaml-document.js';

/** A method of a model that runners can call. @publicApi */
export interface ModelSignature {
  /** Whether calls can be merged into batches. Default false. */
  batchable: boolean;
  /** The batch dimension of the inputs and of the outputs. Default [0, 0]. */
  batchDim: readonly [number, number];
  /** Reserved by BentoML; unchanged. */
  inputSpec?: unknown;
  outputSpec?: unknown;
}

/**
 * A signature as the caller gives it. A single `batchDim` applies to inputs and outputs.
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
 * A value in a model's metadata: whatever Python's YAML reader reads back. BentoML refuses null.
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

/** The software that made a model. @publicApi */
export interface ModelContext {
  /** `fastai`, `torch`, or '' for none. */
  frameworkName: string;
  /**
   * Version by package name. A fastai export does not contain versions, so these are only those
   * that the caller gave.
   */
  frameworkVersions: Readonly<Record<string, string>>;
  /** Where BentoML saved the model. */
  bentomlVersion?: string;
  pythonVersion?: string;
  /** Where this package saved it. */
  vtsVersion?: string;
  nodeVersion?: string;
}

/** The texts of `context` under their keys in the file, in BentoML's order. */
export const CONTEXT_KEYS = {
  frameworkName: 'framework_name',
  bentomlVersion: 'bentoml_version',
  pythonVersion: 'python_version',
  vtsVersion: 'vts_version',
  nodeVersion: 'node_version',
} as const;

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
  /** Options of the framework, such as `partial_kwargs`, unchanged from the file. */
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
   * @throws InvalidModelInfoError if the file cannot hold a label, signature, context or metadata.
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
   * Copies the facts with other labels or metadata. Everything else in the file stays, with unknown
   * keys and comments.
   *
   * @throws InvalidModelInfoError if the file cannot hold them.
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

  /** The text of model.yaml, in the form for PyYAML and BentoML. */
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

/** The facts under the file's keys, in BentoML's order; undefined ones are not written. */
function fileOrder(tag: Tag, fields: ModelInfoFields, creationTime: string): object {
  const { module, labels, options, metadata, context, apiVersion } = fields;
  const { frameworkName: name, ...made } = CONTEXT_KEYS;
  const signatures = Object.entries(fields.signatures).map(([method, given]) => {
    const { batchable, batchDim, inputSpec, outputSpec } = signature(given);
    const written = {
      batchable,
      batch_dim: batchable ? batchDim : undefined,
      input_spec: inputSpec,
      output_spec: outputSpec,
    };
    return [method, written] as const;
  });
  return {
    name: tag.name,
    version: tag.version,
    module,
    labels,
    options,
    metadata,
    context: {
      [name]: context.frameworkName,
      framework_versions: context.frameworkVersions,
      ...Object.fromEntries(
        Object.entries(made).map(([key, inFile]) => [inFile, context[key as keyof typeof made]]),
      ),
    },
    signatures: record(signatures),
    api_version: apiVersion,
    creation_time: creationTime,
  };
}
