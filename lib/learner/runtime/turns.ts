import { setImmediate as turn } from 'node:timers/promises';

/** Runs the work without a pause. */
export function finished<T>(steps: Generator<void, T, void>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** Yields to the event loop after each step, so that the work keeps nobody waiting. */
export async function inTurns<T>(steps: Generator<void, T, void>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    await turn();
  }
}
