import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { env, type InferenceSession } from 'onnxruntime-common';
import { refuseTelemetry } from '../../runtime/telemetry.js';

/** The part of onnxruntime's binding for Node that this package uses. */
interface Binding {
  readonly InferenceSession: typeof InferenceSession;
  listSupportedBackends(): readonly { readonly name: string }[];
}

const OWN_COPY = 'dist/lib/vendor/onnxruntime-node/dist/index.js';
const require = createRequire(import.meta.url);

/**
 * The file of onnxruntime's binding for Node: `onnxruntime-node` if the right version is installed,
 * with its GPU libraries and one copy for the application and this package. Otherwise the copy in
 * this package, which supports the CPU (and WebGPU on Linux and macOS).
 *
 * A dependency on `onnxruntime-node` would not install everywhere: on Linux its install script
 * downloads CUDA's libraries from a host that is not a registry, and fails if it cannot reach it.
 */
function onnxruntimeFile(): string {
  try {
    const { version } = require('onnxruntime-node/package.json') as { version?: string };
    if (version === env.versions.common) return require.resolve('onnxruntime-node');
  } catch {
    // Not installed.
  }
  return join(dirname(require.resolve('nestjs-vts/package.json')), OWN_COPY);
}

/** Loads native code: called with the first session, not before. */
export function loadOnnxruntime(): Binding {
  refuseTelemetry();
  return require(onnxruntimeFile()) as Binding;
}
