import { isDatatype, type Datatype } from '../../../client/protocol/datatypes.js';
import type { OptionCheck, Refuse } from '../../options.js';

/** An input or output tensor of a runnable method in the Open Inference Protocol. @publicApi */
export interface RunnableTensor {
  readonly name: string;
  /** A datatype of the protocol: `FP32`, `INT64`, `BYTES`, ... */
  readonly datatype: Datatype;
  /** -1 for sizes that vary. */
  readonly shape: readonly number[];
  /**
   * For an input of BYTES: pass its elements as bytes, `Uint8Array[]`, instead of strings.
   *
   * @default false
   */
  readonly bytes?: boolean;
}

/** The input and output tensors of a runnable method in the Open Inference Protocol. @publicApi */
export interface RunnableTensors {
  readonly inputs: readonly RunnableTensor[];
  readonly outputs: readonly RunnableTensor[];
}

const MOST_DIMENSIONS = 8;

export const tensorsCheck: OptionCheck = (value, option, refuse) => {
  if (value === undefined) return;
  for (const side of ['inputs', 'outputs'] as const) {
    const list: unknown = (value as Partial<RunnableTensors> | null)?.[side];
    if (!Array.isArray(list) || list.length === 0) {
      return refuse(`${option}.${side}`, 'is not a list of tensors', 'name one or more');
    }
    const names = new Set<unknown>();
    for (const [at, tensor] of (list as unknown[]).entries()) {
      checkTensor(tensor, `${option}.${side}[${at}]`, refuse);
      const { name } = tensor as RunnableTensor;
      if (names.has(name)) refuse(`${option}.${side}[${at}].name`, 'appears twice', 'rename it');
      names.add(name);
    }
  }
};

function checkTensor(tensor: unknown, option: string, refuse: Refuse): void {
  const { name, datatype, shape, bytes } = (tensor ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string' || name === '') {
    refuse(`${option}.name`, 'is not a string', 'name the tensor');
  }
  if (!isDatatype(datatype)) {
    refuse(`${option}.datatype`, `is ${String(datatype)}`, 'use FP32, INT64, BYTES or another');
  }
  const sizes: readonly unknown[] = Array.isArray(shape) ? shape : [null];
  const fits = sizes.every((size) => Number.isSafeInteger(size) && (size as number) >= -1);
  if (!fits || sizes.length > MOST_DIMENSIONS) {
    refuse(`${option}.shape`, 'is not a list of sizes', 'use whole numbers, and -1 for any size');
  }
  if (bytes !== undefined && (typeof bytes !== 'boolean' || datatype !== 'BYTES')) {
    refuse(`${option}.bytes`, `is ${String(bytes)}`, 'use true only for BYTES');
  }
}
