import { isMainThread } from 'node:worker_threads';

/**
 * Keeps onnxruntime from sending telemetry to its maker, which its builds for Linux and macOS do
 * from 1.29 on: for that it also keeps a database in the user's home directory and a thread. An
 * existing value of the variable stays: `ORT_DISABLE_TELEMETRY=0` lets onnxruntime send.
 *
 * onnxruntime reads the variable when the process creates its first session. A worker thread's
 * `process.env` is a copy that native code does not see, so the main thread has to set it before a
 * worker creates that session.
 */
export function refuseTelemetry(): void {
  if (isMainThread) process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
}
