import type { ArchiveFormat } from './archive/archive-format.js';
import type { UnpackLimits } from './archive/unpack.js';
import type {
  ModelContext,
  ModelInfoFields,
  ModelMetadata,
  ModelSignatureOptions,
} from './model-info.js';
import { packageVersion } from '../../learner/runtime/package-version.js';

/** The contents of a new model's model.yaml. @publicApi */
export interface CreateModelOptions {
  /** The framework's module in BentoML, such as `bentoml.fastai`. Default '': none. */
  module?: string;
  /** Methods that runners can call. Default none. */
  signatures?: Readonly<Record<string, ModelSignatureOptions>>;
  /** Strings to find the model by. */
  labels?: Readonly<Record<string, string>>;
  /** Facts to keep with the model. */
  metadata?: Readonly<Record<string, ModelMetadata>>;
  /** The framework's options. */
  options?: Readonly<Record<string, ModelMetadata>>;
  /** The software that made the model. The store adds the versions of this package and of Node. */
  context?: Partial<ModelContext>;
  /** Default `v1`. */
  apiVersion?: string;
}

/** A filter for the models to list. @publicApi */
export interface ModelFilter {
  name?: string;
  /** Models that have all of these labels. */
  labels?: Readonly<Record<string, string>>;
}

/** Options for importing an archive. @publicApi */
export interface ImportModelOptions extends Partial<UnpackLimits> {
  /** Replaces an existing version. @default false */
  force?: boolean;
  /** Receives the number of unpacked bytes. */
  onProgress?: (bytes: number) => void;
}

/** Options for exporting a model. @publicApi */
export interface ExportModelOptions {
  /** Default: as the extension of the path says. */
  format?: ArchiveFormat;
  /** Overwrites an existing file. @default false */
  force?: boolean;
  /** Receives the number of packed bytes, and that of all bytes of the model. */
  onProgress?: (bytes: number, total: number) => void;
}

/** The options of `create`, with all defaults. */
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
