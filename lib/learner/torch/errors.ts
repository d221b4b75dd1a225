import { VtsError } from '../errors/index.js';

/**
 * A torch file that cannot be read. `file` is its path, or `<buffer>` for bytes in memory.
 *
 * @publicApi
 */
export abstract class TorchFileError extends VtsError {
  constructor(
    readonly file: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The file cannot be opened or read. @publicApi */
export class UnreadableFileError extends TorchFileError {
  constructor(file: string, cause: unknown) {
    const code = (cause as NodeJS.ErrnoException | undefined)?.code;
    const reason =
      code === 'ENOENT'
        ? 'the file does not exist'
        : code === 'EISDIR'
          ? 'the path is a directory'
          : code;
    super(
      file,
      `Cannot open "${file}": ${reason ?? String(cause)}. Give the path of a file that learner.export() or torch.save() wrote and that this process may read.`,
      { cause },
    );
  }
}

/** The file is not a file of `torch.save`. @publicApi */
export class NotATorchFileError extends TorchFileError {
  constructor(
    file: string,
    readonly found: string,
    options?: ErrorOptions,
  ) {
    super(
      file,
      `"${file}" is not a torch file: ${found}. Give a file that learner.export() or ` +
        'torch.save() wrote.',
      options,
    );
  }
}

/** The file ends too early. @publicApi */
export class TruncatedFileError extends TorchFileError {
  constructor(file: string, detail: string, options?: ErrorOptions) {
    super(
      file,
      `"${file}" is cut off: ${detail}. Copy or download the file again and compare its size with the original's.`,
      options,
    );
  }
}

/** An entry does not match the CRC-32 that the archive states. @publicApi */
export class CorruptEntryError extends TorchFileError {
  constructor(
    file: string,
    readonly entry: string,
    expected: number,
    actual: number,
  ) {
    super(
      file,
      `The entry "${entry}" of "${file}" is damaged: its CRC-32 is ${hex(actual)}, but the archive states ${hex(expected)}. Copy or download the file again.`,
    );
  }
}

/** The directory or the headers of the archive are damaged. @publicApi */
export class CorruptArchiveError extends TorchFileError {
  constructor(file: string, reason: string, options?: ErrorOptions) {
    super(
      file,
      `The archive "${file}" is damaged: ${reason}. Copy or download the file again, or export it again.`,
      options,
    );
  }
}

/** The pickle in the file is malformed. @publicApi */
export class CorruptPickleError extends TorchFileError {
  constructor(
    file: string,
    readonly offset: number,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(
      file,
      `The pickle in "${file}" is damaged at byte ${offset}: ${reason}. Copy or download the file again, or export it again.`,
      options,
    );
  }
}

/** The pickle needs something that the file does not contain. @publicApi */
export class UnsupportedPickleError extends TorchFileError {
  constructor(
    file: string,
    readonly feature: string,
  ) {
    super(
      file,
      `The pickle in "${file}" needs ${feature}, which is not in the file. Write the file ` +
        'again with learner.export() or torch.save() and their default pickle protocol.',
    );
  }
}

/** The file exceeds a limit of the reader. @publicApi */
export class LimitExceededError extends TorchFileError {
  constructor(
    file: string,
    what: string,
    readonly limit: string,
    allowed: number,
  ) {
    super(
      file,
      `"${file}" has ${what}; the limit is ${allowed}. If you trust the file, raise \`limits.${limit}\`.`,
    );
  }
}

/** The file is an archive of compiled code (`torch.jit.save`). @publicApi */
export class TorchScriptFileError extends TorchFileError {
  constructor(file: string) {
    super(
      file,
      `"${file}" is a TorchScript archive (torch.jit.save). Its code cannot be run here. Save the eager module with learner.export() or torch.save(), or export it with torch.onnx.export and pass the result as \`{ onnx: 'model.onnx' }\`.`,
    );
  }
}

/** The file is a tar archive, the format of torch before 0.1.10. @publicApi */
export class TarFileError extends TorchFileError {
  constructor(file: string) {
    super(
      file,
      `"${file}" is a tar archive, the format of torch before 0.1.10. Load it once with torch.load() and write it again with torch.save().`,
    );
  }
}

/** The numbers in the file are big-endian. @publicApi */
export class ByteOrderError extends TorchFileError {
  constructor(file: string, order: string) {
    super(
      file,
      `"${file}" was written on a machine with byte order "${order}". Load it on a little-endian machine with torch.load() and write it again with torch.save().`,
    );
  }
}

/**
 * A tensor was first used after `close()`. Tensors are read on first use.
 *
 * @publicApi
 */
export class FileClosedError extends TorchFileError {
  constructor(file: string) {
    super(
      file,
      `"${file}" was closed before its tensors were read. Read the tensors first, or open the file again.`,
    );
  }
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}

/** A tensor lies outside its storage, or has a malformed shape. @publicApi */
export class CorruptTensorError extends VtsError {
  constructor(reason: string) {
    super(`A tensor in the file is damaged: ${reason}. Copy the file or export the model again.`);
  }
}

/** Values have a dtype that is not supported. @publicApi */
export class UnsupportedDtypeError extends VtsError {
  constructor(
    readonly dtype: string,
    what: string,
  ) {
    super(
      `${what} has the dtype ${dtype}, which cannot be converted. Convert it to float32 (or another plain type) in Python before exporting.`,
    );
  }
}

/** A tensor or an array has too many elements to hold in memory. @publicApi */
export class TooManyElementsError extends VtsError {
  constructor(what: string, count: number, allowed: number) {
    super(
      `${what} has ${count} elements; the limit is ${allowed}. Make it smaller, or reduce it ` +
        'in Python before exporting.',
    );
  }
}

/** A column of a data frame has values of an unknown class. @publicApi */
export class UnreadableColumnError extends VtsError {
  constructor(
    readonly column: string,
    readonly className: string,
  ) {
    super(
      `The values of ${column} have the class ${className}, which cannot be read. Convert ` +
        'the column to numbers, text or categories in Python before exporting.',
    );
  }
}

/** A parameter or buffer is not a dense, plain tensor. @publicApi */
export class UnreadableTensorError extends VtsError {
  constructor(
    readonly path: string,
    readonly className: string,
  ) {
    super(
      `The tensor "${path}" was made by ${className}, which cannot be read. Export the model with dense, unquantised tensors, or pass \`{ onnx: 'model.onnx' }\` with a file made by torch.onnx.export.`,
    );
  }
}

/** The modules are nested too deeply, are too many, or contain themselves. @publicApi */
export class ModuleTreeError extends VtsError {
  constructor(path: string, reason: string) {
    super(
      `The module tree cannot be read at "${path}": ${reason}. Export a model whose modules form a finite tree.`,
    );
  }
}
