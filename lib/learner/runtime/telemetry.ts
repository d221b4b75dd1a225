import { isMainThread } from 'node:worker_threads';

/**
 * Keeps onnxruntime from sending telemetry to its maker, which its builds for Linux and macOS do
 * from 1.29 on: it also keeps a database in the user's home and a thread for that. A value that the
 * variable has already stays: `ORT_DISABLE_TELEMETRY=0` lets onnxruntime send.
 *
 * onnxruntime reads the variable when its first session of the process is made. A worker thread's
 * `process.env` is a copy that native code does not see, so this has to happen on the main thread
 * before a worker makes that session.
 */
export function refuseTelemetry(): void {
  if (isMainThread) process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
}
