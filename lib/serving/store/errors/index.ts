export { AmbiguousVersionError } from './ambiguous-version.error.js';
export {
  ArchiveEntryError,
  ArchiveExistsError,
  ArchiveFileError,
  ArchiveFormatError,
  CorruptModelArchiveError,
} from './archive.error.js';
export { CorruptModelError } from './corrupt-model.error.js';
export { InvalidModelInfoError } from './invalid-model-info.error.js';
export { InvalidTagError } from './invalid-tag.error.js';
export { ModelExistsError } from './model-exists.error.js';
export { ModelNotFoundError } from './model-not-found.error.js';
export { ModelPathError } from './model-path.error.js';
export { NoRunnerError } from './no-runner.error.js';
export { PinnedModelError } from './pinned-model.error.js';
export { StoreWriteError } from './store-write.error.js';
export { VanishedError } from './vanished.error.js';
