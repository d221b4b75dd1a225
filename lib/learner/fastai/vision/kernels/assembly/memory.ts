/** Where memory that belongs to nobody begins, in bytes; what is below is the kernels' own. */
export function heapBase(): usize {
  return (__heap_base + 15) & ~15;
}

/** Makes memory reach up to `end`. Answers 0 if it cannot grow as much. */
export function reserve(end: usize): bool {
  const missing = <i32>((end >>> 16) + 1) - memory.size();
  return missing <= 0 || memory.grow(missing) >= 0;
}
