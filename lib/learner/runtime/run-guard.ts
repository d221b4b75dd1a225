/** Told when native code runs: a thread that is terminated meanwhile aborts the whole process. */
export interface RunGuard {
  enter(): void;
  leave(): void;
}

let guard: RunGuard | undefined;
let depth = 0;

/** Installs the guard of this thread; without one, {@link guarded} only calls its function. */
export function setRunGuard(next: RunGuard | undefined): void {
  guard = next;
}

/** Calls native code (`InferenceSession.create`, `run`, `release`) under this thread's guard. */
export async function guarded<T>(call: () => Promise<T>): Promise<T> {
  if (guard === undefined) return call();
  if (depth++ === 0) guard.enter();
  try {
    return await call();
  } finally {
    if (--depth === 0) guard.leave();
  }
}
