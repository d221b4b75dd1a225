import { setImmediate as turn } from 'node:timers/promises';

/** The work at one go. */
export function finished<T>(steps: Generator<void, T, void>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** The work with a turn of the event loop after each step, so that it keeps nobody waiting. */
export async function inTurns<T>(steps: Generator<void, T, void>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    await turn();
  }
}
