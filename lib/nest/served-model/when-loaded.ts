import { RunnerNotReadyError } from '../../serving/runner/errors.js';

/**
 * A fact about a loaded model; undefined until it is loaded, because documents may be created
 * earlier.
 */
export function whenLoaded<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RunnerNotReadyError) return undefined;
    throw error;
  }
}
