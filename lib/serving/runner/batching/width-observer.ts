import type { Tensor } from 'onnxruntime-common';
import { dimOf } from './tensor-block.js';

interface Seen {
  readonly width: number;
  readonly shapes: readonly (readonly number[])[];
}

/**
 * Learns which dimensions of a model's outputs are as long as the sequences in its input: labels of
 * tokens are, classes of a text are not. A size alone does not tell, because a batch of two columns
 * may have two classes. So it compares runs of two different widths. Until it has seen both,
 * sequences of different lengths do not share a run.
 */
export class WidthObserver {
  #first: Seen | undefined;
  #following: readonly (number | undefined)[] | undefined;
  /** Some output depends on the width in another way, so its padding cannot be found. */
  irregular = false;

  /** True as soon as the outputs of a padded run can be cut back. */
  get known(): boolean {
    return this.#following !== undefined;
  }

  /** The dimension of output `index` that follows the width. */
  following(index: number): number | undefined {
    return this.#following?.[index];
  }

  /** Observes the outputs of a run whose rows all have the same width. */
  observe(width: number, outputs: readonly Tensor[], batchDim: number): void {
    if (this.known || this.irregular) return;
    const shapes = outputs.map(({ dims }) =>
      dims.map((size, dim) => (dim === dimOf(dims, batchDim) ? -1 : size)),
    );
    if (this.#first === undefined || this.#first.width === width) {
      this.#first = { width, shapes };
      return;
    }
    const { width: before, shapes: earlier } = this.#first;
    const following: (number | undefined)[] = [];
    for (const [index, shape] of shapes.entries()) {
      const other = earlier[index] ?? [];
      const changed = shape.flatMap((size, dim) => (size === other[dim] ? [] : [dim]));
      const [dim] = changed;
      following.push(dim);
      const regular =
        other.length === shape.length &&
        changed.length <= 1 &&
        (dim === undefined || (shape[dim] === width && other[dim] === before));
      if (!regular) this.irregular = true;
    }
    if (!this.irregular) this.#following = following;
  }
}
