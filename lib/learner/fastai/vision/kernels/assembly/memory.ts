/** The first free byte of memory; the kernels own everything below. */
export function heapBase(): usize {
  return (__heap_base + 15) & ~15;
}

/** Grows memory up to `end`. Returns 0 if that fails. */
export function reserve(end: usize): bool {
  const missing = <i32>((end >>> 16) + 1) - memory.size();
  return missing <= 0 || memory.grow(missing) >= 0;
}
