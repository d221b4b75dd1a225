import { VtsError } from '../../errors/index.js';

/** A tensor whose view lies outside its storage, or is no view at all. @publicApi */
export class CorruptTensorError extends VtsError {
  constructor(reason: string) {
    super(`A tensor of the file is damaged: ${reason}. Copy the file or export the model again.`);
  }
}

/** Values of a type that has no counterpart here. @publicApi */
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

/** More elements than memory should be asked for. @publicApi */
export class TooManyElementsError extends VtsError {
  constructor(what: string, count: number, allowed: number) {
    super(
      `${what} has ${count} elements; at most ${allowed} are laid out in memory. Store it smaller, or materialise it in Python before exporting.`,
    );
  }
}

/** A column of a data frame in a form that is not understood. @publicApi */
export class UnreadableColumnError extends VtsError {
  constructor(
    readonly column: string,
    readonly className: string,
  ) {
    super(
      `The values of ${column} are of the class ${className}, which cannot be read. Convert the column to numbers, text or categories in Python before exporting.`,
    );
  }
}

/** A parameter or buffer of a kind that has no plain values. @publicApi */
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

/** Modules nested too deep, in too great a number, or inside themselves. @publicApi */
export class ModuleTreeError extends VtsError {
  constructor(path: string, reason: string) {
    super(
      `The module tree cannot be read at "${path}": ${reason}. Export a model whose modules form a finite tree.`,
    );
  }
}
