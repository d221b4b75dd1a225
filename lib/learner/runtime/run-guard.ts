/**
 * What marks the stretches in which native code runs on this thread. A worker thread that is
 * terminated in the middle of one aborts the whole process, so whoever owns the thread wants to
 * know.
 */
export interface RunGuard {
  /** Called before native code starts. */
  enter(): void;
  /** Called after it has returned, or thrown. */
  leave(): void;
}

let guard: RunGuard | undefined;
let depth = 0;

/** Installs the guard of this thread; without one, {@link guarded} only calls its function. */
export function setRunGuard(next: RunGuard | undefined): void {
  guard = next;
}

/**
 * Calls native code (`InferenceSession.create`, `run`, `release`) under the guard of this thread.
 */
export async function guarded<T>(call: () => Promise<T>): Promise<T> {
  if (guard === undefined) return call();
  if (depth++ === 0) guard.enter();
  try {
    return await call();
  } finally {
    if (--depth === 0) guard.leave();
  }
}
