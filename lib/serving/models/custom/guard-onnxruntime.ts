import { createRequire } from 'node:module';
import { guarded } from '../../../learner/runtime/run-guard.js';

interface Sessions {
  InferenceSession?: {
    create?: AsyncCall;
    readonly prototype: { run?: AsyncCall; release?: AsyncCall };
  };
}

type AsyncCall = (this: unknown, ...parameters: unknown[]) => Promise<unknown>;

/** The application's copy, and that of this package. */
const ONNXRUNTIME = /[\\/]onnxruntime-node[\\/]dist[\\/]index\.js$/;

const guardedClasses = new WeakSet<object>();

/**
 * Puts the onnxruntime sessions that a runnable creates under the guard of this thread, if the
 * runnable has loaded onnxruntime. A thread that ends while native code runs takes the process with
 * it.
 */
export function guardOnnxruntime(): void {
  const { cache } = createRequire(import.meta.url);
  for (const [file, loaded] of Object.entries(cache)) {
    if (!ONNXRUNTIME.test(file)) continue;
    const sessions = (loaded?.exports as Sessions | undefined)?.InferenceSession;
    if (sessions === undefined || guardedClasses.has(sessions)) continue;
    guardedClasses.add(sessions);
    guardCall(sessions, 'create');
    guardCall(sessions.prototype, 'run');
    guardCall(sessions.prototype, 'release');
  }
}

function guardCall<Key extends string>(holder: { [key in Key]?: AsyncCall }, key: Key): void {
  const call = holder[key];
  if (call === undefined) return;
  holder[key] = function (this: unknown, ...parameters: unknown[]) {
    return guarded(() => call.apply(this, parameters));
  };
}
