import type { Value } from '../../python/values.js';
import type { OnnxDType } from '../dtype.js';
import { SymFloat, SymSize } from './size.js';
import { TensorValue, type TorchDType } from './tensor-value.js';

type Category = 'bool' | 'int' | 'float';

const CATEGORY: Readonly<Record<TorchDType, Category>> = {
  float32: 'float',
  float64: 'float',
  int64: 'int',
  int32: 'int',
  int16: 'int',
  int8: 'int',
  uint8: 'int',
  bool: 'bool',
};

export const isFloating = (dtype: TorchDType): boolean => CATEGORY[dtype] === 'float';
export const isIntegral = (dtype: TorchDType): boolean => CATEGORY[dtype] === 'int';

/** The element type that represents torch's in graphs, where int16 has no arithmetic. */
export function graphDType(dtype: TorchDType): OnnxDType {
  return dtype === 'int16' ? 'int32' : dtype;
}

/** torch's element type of a graph's value. */
export function torchDType(dtype: OnnxDType): TorchDType {
  return dtype;
}

/** A tensor, or a Python number in an operation with tensors. */
export type Operand = TensorValue | boolean | bigint | number | SymSize | SymFloat;

export function isOperand(value: Value | undefined): value is Operand {
  return (
    value instanceof TensorValue ||
    value instanceof SymSize ||
    value instanceof SymFloat ||
    typeof value === 'boolean' ||
    typeof value === 'bigint' ||
    typeof value === 'number'
  );
}

const ORDER: readonly TorchDType[] = ['int8', 'int16', 'int32', 'int64'];

/** `torch.promote_types`. */
function promoteTypes(a: TorchDType, b: TorchDType): TorchDType {
  if (a === b) return a;
  if (a === 'float64' || b === 'float64') return 'float64';
  if (isFloating(a)) return a;
  if (isFloating(b)) return b;
  if (a === 'bool') return b;
  if (b === 'bool') return a;
  // Only int16 and wider hold both uint8 and a signed type.
  if (a === 'uint8') return b === 'int8' ? 'int16' : b;
  if (b === 'uint8') return a === 'int8' ? 'int16' : a;
  return ORDER.indexOf(a) > ORDER.indexOf(b) ? a : b;
}

/**
 * Tensors with dimensions come first, then those without, then numbers. A later one counts only if
 * its category is higher.
 */
function combine(
  higher: TorchDType | undefined,
  lower: TorchDType | undefined,
): TorchDType | undefined {
  if (higher === undefined || lower === undefined) return higher ?? lower;
  if (isFloating(higher)) return higher;
  if (higher === 'bool' || isFloating(lower)) return promoteTypes(higher, lower);
  return higher;
}

const scalarDType = (value: Exclude<Operand, TensorValue>): TorchDType =>
  typeof value === 'boolean'
    ? 'bool'
    : typeof value === 'number' || value instanceof SymFloat
      ? 'float32'
      : 'int64';

/** `torch.result_type` of any number of operands. */
export function resultType(...operands: readonly Operand[]): TorchDType {
  const found: (TorchDType | undefined)[] = [undefined, undefined, undefined];
  for (const operand of operands) {
    const isTensor = operand instanceof TensorValue;
    const place = !isTensor ? 2 : operand.rank === 0 ? 1 : 0;
    const dtype = isTensor ? operand.dtype : scalarDType(operand);
    const before = found[place];
    found[place] = before === undefined ? dtype : promoteTypes(before, dtype);
  }
  return combine(found[0], combine(found[1], found[2])) ?? 'float32';
}

/** The result type of `torch.sin` and true division for integers. */
export const floatResult = (dtype: TorchDType): TorchDType =>
  isFloating(dtype) ? dtype : 'float32';
