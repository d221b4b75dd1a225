import { createRequire } from 'node:module';
import { guarded } from '../../../learner/runtime/run-guard.js';

interface Sessions {
  InferenceSession?: {
    create?: AsyncCall;
    readonly prototype: { run?: AsyncCall; release?: AsyncCall };
  };
}

type AsyncCall = (this: unknown, ...parameters: unknown[]) => Promise<unknown>;

const guardedClasses = new WeakSet<object>();

/**
 * Puts the sessions of onnxruntime that a runnable makes under the guard of this thread, if it has
 * loaded it: a thread that ends while native code runs takes the process with it.
 */
export function guardOnnxruntime(): void {
  const require = createRequire(import.meta.url);
  const loaded = require.cache[require.resolve('onnxruntime-node')]?.exports as
    Sessions | undefined;
  const sessions = loaded?.InferenceSession;
  if (sessions === undefined || guardedClasses.has(sessions)) return;
  guardedClasses.add(sessions);
  guardCall(sessions, 'create');
  guardCall(sessions.prototype, 'run');
  guardCall(sessions.prototype, 'release');
}

function guardCall<Key extends string>(holder: { [key in Key]?: AsyncCall }, key: Key): void {
  const call = holder[key];
  if (call === undefined) return;
  holder[key] = function (this: unknown, ...parameters: unknown[]) {
    return guarded(() => call.apply(this, parameters));
  };
}
