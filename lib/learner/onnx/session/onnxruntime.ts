import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { env, type InferenceSession } from 'onnxruntime-common';
import { refuseTelemetry } from '../../runtime/telemetry.js';

/** What is used of onnxruntime's binding for Node. */
interface Binding {
  readonly InferenceSession: typeof InferenceSession;
  listSupportedBackends(): readonly { readonly name: string }[];
}

const OWN_COPY = 'dist/lib/vendor/onnxruntime-node/dist/index.js';
const require = createRequire(import.meta.url);

/**
 * The file of onnxruntime's binding for Node: `onnxruntime-node` where it is installed in the
 * version that this package is made for, with its GPU libraries and one copy for the application
 * and this package; else the copy in this package, which serves the CPU (and WebGPU on Linux and
 * macOS).
 *
 * A dependency on `onnxruntime-node` could not be installed everywhere: on Linux its install script
 * fetches CUDA's libraries from a host that is not a registry, and fails where that is not reached.
 */
function onnxruntimeFile(): string {
  try {
    const { version } = require('onnxruntime-node/package.json') as { version?: string };
    if (version === env.versions.common) return require.resolve('onnxruntime-node');
  } catch {
    // It is not installed.
  }
  return join(dirname(require.resolve('nestjs-vts/package.json')), OWN_COPY);
}

/** Loads native code: called when a session is made, and not before. */
export function loadOnnxruntime(): Binding {
  refuseTelemetry();
  return require(onnxruntimeFile()) as Binding;
}
