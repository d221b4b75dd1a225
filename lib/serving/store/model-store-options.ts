import type { ArchiveFormat } from './archive/archive-format.js';
import type { UnpackLimits } from './archive/unpack.js';
import type {
  ModelContext,
  ModelInfoFields,
  ModelMetadata,
  ModelSignatureOptions,
} from './model-info.js';
import { packageVersion } from './package-version.js';

/**
 * What a new model's model.yaml is to say.
 *
 * @publicApi
 */
export interface CreateModelOptions {
  /** The framework's module in BentoML, such as `bentoml.fastai`. Default '': none. */
  module?: string;
  /** Methods that runners may call. Default none. */
  signatures?: Readonly<Record<string, ModelSignatureOptions>>;
  /** Texts to find the model by. */
  labels?: Readonly<Record<string, string>>;
  /** Facts to keep with the model. */
  metadata?: Readonly<Record<string, ModelMetadata>>;
  /** The framework's options. */
  options?: Readonly<Record<string, ModelMetadata>>;
  /** With what the model was made. The versions of this package and of Node are added. */
  context?: Partial<ModelContext>;
  /** Default `v1`. */
  apiVersion?: string;
}

/**
 * Which models to list.
 *
 * @publicApi
 */
export interface ModelFilter {
  name?: string;
  /** Models that have all of these labels. */
  labels?: Readonly<Record<string, string>>;
}

/**
 * How an archive is imported.
 *
 * @publicApi
 */
export interface ImportModelOptions extends Partial<UnpackLimits> {
  /** Replaces the version that the store has. @default false */
  force?: boolean;
  /** Told how many bytes have been unpacked. */
  onProgress?: (bytes: number) => void;
}

/**
 * How a model is exported.
 *
 * @publicApi
 */
export interface ExportModelOptions {
  /** Where the path does not tell, or is to be another. */
  format?: ArchiveFormat;
  /** Overwrites the file that is there. @default false */
  force?: boolean;
  /** Told how many bytes of the model have been packed, and how many there are. */
  onProgress?: (bytes: number, total: number) => void;
}

/** What `create` was told, with the defaults. */
export function fieldsOf(given: CreateModelOptions): ModelInfoFields {
  return {
    module: given.module ?? '',
    labels: given.labels ?? {},
    options: given.options ?? {},
    metadata: given.metadata ?? {},
    context: {
      frameworkName: '',
      frameworkVersions: {},
      vtsVersion: packageVersion(),
      nodeVersion: process.versions.node,
      ...given.context,
    },
    signatures: given.signatures ?? {},
    apiVersion: given.apiVersion ?? 'v1',
  };
}
