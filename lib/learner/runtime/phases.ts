/** A stretch of the work on a call, in milliseconds since 1970 with fractions. */
export interface Phase {
  /** `tokenize`, `decode` or `run`. */
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

let recording: { name: string; start: number; end: number }[] | undefined;

/** Milliseconds since 1970 with fractions, the same in all threads and processes of a machine. */
export function epochMs(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * Marks a stretch of the call in progress on this thread, at almost no cost unless phases are
 * recorded.
 */
export function phase<T>(name: string, work: () => T): T {
  const phases = recording;
  if (phases === undefined) return work();
  const start = epochMs();
  const done = (): void => {
    const last = phases.at(-1);
    const end = epochMs();
    // A model that runs once for each token gives one phase, not thousands.
    if (last?.name === name) last.end = end;
    else phases.push({ name, start, end });
  };
  let result: T;
  try {
    result = work();
  } catch (error) {
    done();
    throw error;
  }
  if (result instanceof Promise) return result.finally(done) as T;
  done();
  return result;
}

/** Records into the returned array until {@link stopPhases}; workers serve one call at a time. */
export function recordPhases(): readonly Phase[] {
  recording = [];
  return recording;
}

export function stopPhases(): void {
  recording = undefined;
}
