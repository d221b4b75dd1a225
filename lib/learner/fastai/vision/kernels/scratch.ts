import { visionKernels, type VisionKernels } from './load.js';

/** How far a vector may read or write past its memory. */
const SLACK = 64;

/**
 * Memory of the kernels for the current image: handed out in order, and given back down to a mark.
 * An allocation may detach earlier views of `kernels.memory`.
 */
export class Scratch {
  private top: number;

  constructor(readonly kernels: VisionKernels) {
    this.top = kernels.heapBase();
  }

  /** Bytes at an address that is a multiple of 16. @throws RangeError if there are not as many */
  take(bytes: number): number {
    const address = this.top;
    const end = address + Math.ceil((bytes + SLACK) / 16) * 16;
    if (this.kernels.reserve(end) === 0) throw new RangeError(`No memory for ${bytes} bytes.`);
    this.top = end;
    return address;
  }

  mark(): number {
    return this.top;
  }

  release(mark: number): void {
    this.top = mark;
  }
}

let ofThread: Scratch | undefined;

/** The scratch memory of this thread; undefined without kernels. */
export function scratch(): Scratch | undefined {
  const kernels = visionKernels();
  return kernels && (ofThread ??= new Scratch(kernels));
}
