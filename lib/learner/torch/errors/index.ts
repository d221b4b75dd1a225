export {
  ByteOrderError,
  CorruptArchiveError,
  CorruptEntryError,
  CorruptPickleError,
  FileClosedError,
  LimitExceededError,
  NotATorchFileError,
  TarFileError,
  TorchFileError,
  TorchScriptFileError,
  TruncatedFileError,
  UnreadableFileError,
  UnsupportedPickleError,
} from './torch-file.error.js';
export {
  CorruptTensorError,
  ModuleTreeError,
  TooManyElementsError,
  UnreadableColumnError,
  UnreadableTensorError,
  UnsupportedDtypeError,
} from './value.error.js';
