import { InputError, VtsError } from '../errors/index.js';

/** The remedy for a module of an unknown class. */
export const MODULE_REMEDY =
  'Export that model in Python with torch.onnx.export, and load the learner with ' +
  "Learner.load(pkl, { onnx: 'model.onnx' }); save a bare model with pytorch.saveModel(name, " +
  "'model.onnx').";

/** The same for a model without a learner. */
const BARE_REMEDY =
  "Export that model in Python with torch.onnx.export, and save that file with pytorch.saveModel(name, 'model.onnx').";

/** How to give a model images of one size: as a learner, or without one. */
const SIZE_REMEDIES = {
  learner: "end the learner's item transforms with Resize",
  bare: "give its inputs with their sizes: { inputs: [{ name: 'x', dtype: 'float32', shape: [null, 3, 224, 224] }] }",
};

/**
 * A module of the file's model cannot be turned into a graph: its class is unknown, or its state
 * changes what it computes in an unknown way.
 *
 * @publicApi
 */
export class UnsupportedModuleError extends VtsError {
  constructor(
    /** Dotted path from the root of the model, as `named_modules()` gives it; '' for the root. */
    readonly path: string,
    /** `module.name` of the class. */
    readonly className: string,
    /** The operation that is not supported, if the class itself is supported. */
    readonly reason?: string,
    /** Set if images of one size would help: who must give them. */
    readonly sizes?: keyof typeof SIZE_REMEDIES,
    isBare = false,
  ) {
    const where = path === '' ? 'The model itself' : `The module at "${path}" of the model`;
    const ownFile = reason === undefined ? fileOf(className) : undefined;
    const unknown = ownFile
      ? 'a class whose code is not in the file'
      : 'a class that cannot become a graph';
    const fact = (reason ?? unknown) + (sizes ? `; ${SIZE_REMEDIES[sizes]}` : '');
    const give = ownFile
      ? 'Give its source with ' +
        `${isBare ? 'pytorch.saveModel(name, file' : 'Learner.load(file'}, { code: ` +
        `'${ownFile}' }). Or: `
      : '';
    super(`${where} is a ${className}: ${fact}. ${give}${isBare ? BARE_REMEDY : MODULE_REMEDY}`);
  }

  // Not getters: a tool that reads every property of an error would never end.
  /** The same error for a model without a learner. @internal */
  ofBareModel(): UnsupportedModuleError {
    const { path, className, reason, sizes } = this;
    return new UnsupportedModuleError(path, className, reason, sizes && 'bare', true);
  }

  /** The same error for a model with a learner. @internal */
  ofLearner(): UnsupportedModuleError {
    const { path, className, reason, sizes } = this;
    return new UnsupportedModuleError(path, className, reason, sizes && 'learner');
  }
}

const LIBRARIES =
  /^(torch|torchvision|torchaudio|fastai|fastcore|timm|transformers|builtins|types)(\.|$)/;

/** Where the source of a user's class may be; undefined for classes of libraries. */
function fileOf(className: string): string | undefined {
  const home = className.slice(0, Math.max(0, className.lastIndexOf('.')));
  if (home === '' || LIBRARIES.test(home)) return undefined;
  return home === '__main__' ? 'notebook.ipynb' : `${home.split('.').join('/')}.py`;
}

/**
 * A module lacks an attribute or a weight of its class, or has it with another type.
 *
 * @publicApi
 */
export class MalformedModuleError extends VtsError {
  constructor(
    readonly path: string,
    readonly className: string,
    readonly reason: string,
  ) {
    super(
      `The module at "${path}" (${className}) cannot be read: ${reason}. ` +
        `The file may be damaged or written by an unknown version: export the learner again.`,
    );
  }
}

/** Libraries whose classes are read by attributes that change between versions. */
const LAYERED = /^(timm|torchvision|fastai|tsai)\./;

/** The library whose other version wrote a class this way; undefined if only damage explains it. */
export const layoutOwner = (className: string): string | undefined => LAYERED.exec(className)?.[1];

/**
 * A module of timm, torchvision, fastai or tsai lacks children, weights or attributes that its
 * class has in the known versions, so its computation is unknown too.
 *
 * @publicApi
 */
export class OtherLayoutError extends VtsError {
  constructor(
    readonly path: string,
    readonly className: string,
    readonly reason: string,
  ) {
    const where = path === '' ? 'The model itself' : `The module at "${path}"`;
    super(
      `${where} (${className}) has the layout of another version of ${layoutOwner(className) ?? 'its library'}: ` +
        `${reason}. ${MODULE_REMEDY}`,
    );
  }
}

/**
 * A graph is invalid: operand types, ranks or attributes do not match. The cause is the lowering,
 * or weights that contradict the module's attributes.
 *
 * @publicApi
 */
export class GraphError extends VtsError {
  constructor(
    readonly where: string,
    readonly reason: string,
  ) {
    super(
      `Cannot build the graph at ${where}: ${reason}. Check that the file has the weights ` +
        'that its modules declare; if it does, report this as a bug with the class of that ' +
        'module.',
    );
  }
}

/** A weight has an element type that graphs do not support. @publicApi */
export class UnsupportedDTypeError extends VtsError {
  constructor(readonly dtype: string) {
    super(
      `A weight of the model has the type ${dtype}, which an ONNX graph cannot hold. Convert ` +
        'it to float32 in Python (model.float()) and export the learner again.',
    );
  }
}

/** A model without external data exceeds the format's limit of 2 GB. @publicApi */
export class ModelTooLargeError extends VtsError {
  constructor(readonly byteLength: number) {
    super(
      `The model takes ${byteLength} bytes, but ONNX holds at most 2 GB in one piece. Make ` +
        'the folder for temporary files (TMPDIR) writable, so that its weights can go to a ' +
        'separate file.',
    );
  }
}

/** onnxruntime refused a model. @publicApi */
export class SessionCreationError extends VtsError {
  constructor(cause: unknown) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    super(
      `onnxruntime cannot load the model: ${detail}. Check the execution providers. If the ` +
        'model is your own, check that it passes onnx.checker.',
      { cause },
    );
  }
}

/** A session was used after `release()`. @publicApi */
export class SessionReleasedError extends VtsError {
  constructor() {
    super("The model's session has been released. Load the model again to use it.");
  }
}

/**
 * This build of onnxruntime, or this machine, does not have the execution provider.
 *
 * @publicApi
 */
export class ExecutionProviderError extends VtsError {
  constructor(
    readonly provider: string,
    /** The providers of this build. */
    readonly available: readonly string[],
    reason: string,
  ) {
    super(
      `The execution provider "${provider}" cannot be used: ${reason}. This build of ` +
        `onnxruntime-node has ${available.join(', ')}; name one that works on this machine, or ` +
        'set strict: false to skip those that do not work.',
    );
  }
}

/**
 * A text model cannot take these token ids: onnxruntime would return nonsense or abort the process.
 *
 * @publicApi
 */
export class TextInputError extends InputError {
  constructor(
    readonly reason: string,
    remedy: string,
  ) {
    super(`${reason}. ${remedy}`);
  }
}

/** The weights of an ONNX model cannot be found, so they cannot be quantized. @publicApi */
export class UnquantizableModelError extends VtsError {
  constructor() {
    super(
      'The weights of this ONNX model cannot be quantized: the model was given as bytes, and ' +
        'its weights are in other files. Give the path of the .onnx file, with those files ' +
        'beside it, or omit int8.',
    );
  }
}

/** An ONNX model was given as bytes, and its weights are in other files. @publicApi */
export class OutsideWeightsError extends VtsError {
  constructor(
    /** One of those files, by its name in the model. */
    readonly location: string,
  ) {
    super(
      `This ONNX model keeps weights in another file ("${location.slice(0, 100)}"), but the ` +
        'model was given as bytes. Give the path of the .onnx file, with that file beside it, ' +
        'or export it with external_data=False.',
    );
  }
}
