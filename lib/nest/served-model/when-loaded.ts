import { RunnerNotReadyError } from '../../serving/runner/errors.js';

/** What is known of a model that is loaded; undefined before that, as documents may be made then. */
export function whenLoaded<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RunnerNotReadyError) return undefined;
    throw error;
  }
}
