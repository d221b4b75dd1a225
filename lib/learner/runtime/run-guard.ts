/** Learns when native code runs: terminating a thread meanwhile aborts the whole process. */
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
export function guarded<T>(call: () => Promise<T>): Promise<T> {
  return guard === undefined ? call() : under(guard, call);
}

async function under<T>(present: RunGuard, call: () => Promise<T>): Promise<T> {
  if (depth++ === 0) present.enter();
  try {
    return await call();
  } finally {
    if (--depth === 0) present.leave();
  }
}
