import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Tensor } from 'onnxruntime-common';

interface Saved {
  readonly dtype: 'float32' | 'int64';
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** A call of a module in torch, and what it answered. */
export interface TorchCase {
  readonly inputs: readonly Saved[];
  readonly outputs: readonly Saved[];
}

const fixtures = new URL('../fixtures/pytorch/', import.meta.url);

export function fixture(name: string): string {
  return fileURLToPath(new URL(name, fixtures));
}

export const torchCases = new Map(
  Object.entries(
    JSON.parse(readFileSync(fixture('cases.json'), 'utf8')) as Record<string, TorchCase[]>,
  ),
);

export function tensorOf({ dtype, shape, data }: Saved): Tensor {
  const values = dtype === 'int64' ? BigInt64Array.from(data, BigInt) : Float32Array.from(data);
  return new Tensor(dtype, values as Float32Array, shape);
}

/**
 * The largest difference between what came and what torch answered, relative to numbers above 1.
 */
export function difference(actual: unknown, wanted: readonly Saved[]): number {
  const outputs = (Array.isArray(actual) ? actual : [actual]) as Tensor[];
  if (outputs.length !== wanted.length) return Infinity;
  return Math.max(
    ...outputs.map(({ dims, data }, which) => {
      const { shape, data: expected } = wanted[which]!;
      if (dims.join() !== shape.join()) return Infinity;
      return Math.max(
        ...Array.from(data as Float32Array, (value, i) => {
          const target = expected[i]!;
          const off = Math.abs(value - target) / Math.max(1, Math.abs(target));
          return Number.isNaN(off) ? Infinity : off;
        }),
      );
    }),
  );
}
