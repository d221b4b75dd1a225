import type { VisionKernels } from './generated/vision-kernels.js';
import { visionWasm } from './generated/vision-wasm.js';

export type { VisionKernels };

let kernels: VisionKernels | null | undefined;

/**
 * The kernels of this thread. They share one memory, which grows and never shrinks. Undefined if
 * WebAssembly or its SIMD is missing: then sharp and TypeScript do the work.
 */
export function visionKernels(): VisionKernels | undefined {
  if (kernels === undefined) kernels = instantiate();
  return kernels ?? undefined;
}

function instantiate(): VisionKernels | null {
  if (typeof WebAssembly === 'undefined') return null;
  const bytes = Buffer.from(visionWasm, 'base64');
  if (!WebAssembly.validate(bytes)) return null;
  return new WebAssembly.Instance(new WebAssembly.Module(bytes))
    .exports as unknown as VisionKernels;
}
