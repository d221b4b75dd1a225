import type { ExportedModel, ExportedTensor } from '../options.js';
import { UnexportableModelError } from '../errors.js';

/** Triton's names of element types. */
const DATA_TYPES: ReadonlyMap<string, string> = new Map([
  ['float32', 'TYPE_FP32'],
  ['float64', 'TYPE_FP64'],
  ['float16', 'TYPE_FP16'],
  ['int64', 'TYPE_INT64'],
  ['int32', 'TYPE_INT32'],
  ['int16', 'TYPE_INT16'],
  ['int8', 'TYPE_INT8'],
  ['uint64', 'TYPE_UINT64'],
  ['uint32', 'TYPE_UINT32'],
  ['uint16', 'TYPE_UINT16'],
  ['uint8', 'TYPE_UINT8'],
  ['bool', 'TYPE_BOOL'],
  ['string', 'TYPE_STRING'],
]);

/** The facts about a model that Triton needs. */
export interface TritonConfig {
  readonly name: string;
  /** The most rows of a batch. */
  readonly maxBatchSize: number;
  /** A file with the name of each class; undefined if there are none. */
  readonly labels: string | undefined;
}

/**
 * `config.pbtxt`. If the model takes several rows at once, Triton batches them and the first size
 * is left out. Otherwise `max_batch_size` is 0 and all sizes are written.
 */
export function tritonConfig(
  { inputs, outputs, batched }: Pick<ExportedModel, 'inputs' | 'outputs' | 'batched'>,
  { name, maxBatchSize, labels }: TritonConfig,
): string {
  const isBatched = batched && maxBatchSize > 0;
  const block = (kind: string, tensors: readonly ExportedTensor[], more = ''): string =>
    `${kind} [\n${tensors
      .map((tensor, i) => tensorOf(tensor, isBatched, i === 0 ? more : ''))
      .join(',\n')}\n]\n`;
  const label = labels === undefined ? '' : `\n    label_filename: ${quoted(labels)}`;
  return [
    `name: ${quoted(name)}\n`,
    'platform: "onnxruntime_onnx"\n',
    `max_batch_size: ${isBatched ? maxBatchSize : 0}\n`,
    block('input', inputs),
    block('output', outputs, label),
    ...(isBatched ? ['dynamic_batching { }\n'] : []),
  ].join('');
}

function tensorOf({ name, dtype, shape }: ExportedTensor, batched: boolean, more: string): string {
  const type = DATA_TYPES.get(dtype);
  if (type === undefined) {
    throw new UnexportableModelError(
      `The tensor "${name}" is of type ${dtype}, which Triton does not have`,
      'Export the model with --to onnx',
    );
  }
  const sizes = (batched ? shape.slice(1) : shape).map((size) =>
    typeof size === 'number' ? size : -1,
  );
  // A row of one number has no sizes. Triton requires [ 1 ], and a reshape that removes it.
  const dims =
    sizes.length > 0 ? `dims: [ ${sizes.join(', ')} ]` : 'dims: [ 1 ]\n    reshape { shape: [ ] }';
  return `  {\n    name: ${quoted(name)}\n    data_type: ${type}\n    ${dims}${more}\n  }`;
}

/** A string in protobuf's text format. */
function quoted(text: string): string {
  const escaped = text.replaceAll(/["\\\n\r]/g, (char) =>
    char === '\n' ? '\\n' : char === '\r' ? '\\r' : `\\${char}`,
  );
  return `"${escaped}"`;
}
