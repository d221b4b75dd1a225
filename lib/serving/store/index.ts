export type { ArchiveFormat } from './archive/archive-format.js';
export * from './errors.js';
export { defaultHome } from './home.js';
export {
  ModelInfo,
  type ModelContext,
  type ModelMetadata,
  type ModelSignature,
  type ModelSignatureOptions,
} from './model-info.js';
export { Model } from './model.js';
export type {
  CreateModelOptions,
  ExportModelOptions,
  ImportModelOptions,
  ModelFilter,
} from './model-store-options.js';
export { ModelStore } from './model-store.js';
export { Tag } from './tag.js';
export type { ModelWatcher, WatchOptions } from './watcher.js';
