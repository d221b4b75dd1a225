import type { Tensor } from 'onnxruntime-common';

/**
 * Checks the shape of the object: onnxruntime's packages have one copy of the class for import and
 * one for require.
 */
export function isTensor(value: unknown): value is Tensor {
  if (typeof value !== 'object' || value === null) return false;
  const candidate = value as { dims?: unknown; type?: unknown };
  return Array.isArray(candidate.dims) && typeof candidate.type === 'string' && 'data' in candidate;
}
