import { isNumeric } from '../protocol/binary.js';
import type { InferTensor } from '../protocol/messages.js';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Whether JSON carries a tensor without changes. */
export function jsonCarries({ datatype, data }: InferTensor): boolean {
  if (datatype === 'FP16') return false;
  if (!isNumeric(data)) return data.every((text) => typeof text === 'string' || isUtf8(text));
  if (data instanceof Float32Array || data instanceof Float64Array) {
    return data.every((value) => Number.isFinite(value));
  }
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    return (data as BigInt64Array).every((value) => Number.isSafeInteger(Number(value)));
  }
  return true;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
