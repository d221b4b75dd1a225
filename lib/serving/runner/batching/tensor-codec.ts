import type { Tensor } from 'onnxruntime-common';
import type { BatchCodec } from './batch-codec.js';
import { joinResults, splitResult, type Columns } from './batch-result.js';
import type { ResolvedBatching } from './batching-options.js';
import { concat, dimOf, slice, type Fill } from './tensor-block.js';
import { rowsOf, tensorItem, tensorsIn, type TensorItem } from './tensor-item.js';
import { WidthObserver } from './width-observer.js';

export interface TensorCodecOptions {
  /** The dimension of the rows in inputs and in outputs; a negative number counts from the end. */
  readonly batchDim: readonly [input: number, output: number];
  readonly padding?: ResolvedBatching['padding'];
}

/**
 * Joins tensors, and arrays and objects of tensors, along `batchDim` of the inputs; splits results
 * along `batchDim` of the outputs.
 *
 * With padding, sequences of different lengths share a run. They lie along `padding.dim`, by
 * default the last dimension. Each input that is as long there as the item's first input is padded
 * to the longest item of the run. Outputs as long as the input are cut back to the item's own
 * length; {@link WidthObserver} finds out which outputs these are.
 */
export function tensorCodec(options: TensorCodecOptions): BatchCodec<unknown, unknown> {
  const [inputDim, outputDim] = options.batchDim;
  const sequences =
    options.padding === undefined ? undefined : new Sequences(options.padding, inputDim, outputDim);
  return {
    copies: true,
    rows: (item) => rowsOf(tensorItem(item), inputDim),
    key: (item) => {
      const given = tensorItem(item);
      const shapes = given.tensors.map(({ type, dims }, index) => {
        const along = dimOf(dims, inputDim);
        const padded = sequences?.paddedDim(given, index);
        const sizes = dims.map((size, dim) => (dim === along ? '*' : dim === padded ? '~' : size));
        return `${type}[${sizes.join()}]`;
      });
      return `${given.form}:${shapes.join()}`;
    },
    ...(sequences === undefined
      ? {}
      : { width: (item: unknown) => sequences.widthOf(tensorItem(item)) ?? 1 }),
    merge: (items) => {
      const given = items.map(tensorItem);
      const first = given[0] as TensorItem;
      const fills = first.tensors.map((_, index) => sequences?.fill(given, index));
      if (given.length === 1 && fills.every((fill) => fill === undefined)) return items[0];
      return first.with(
        first.tensors.map((tensor, index) => {
          const all = given.map(({ tensors }) => tensors[index] as Tensor);
          return concat(all, dimOf(tensor.dims, inputDim), fills[index]);
        }),
      );
    },
    split: (result, rows, items) => {
      if (sequences === undefined) return splitResult(result, rows, outputDim);
      const columns = sequences.columns(items.map(tensorItem), result);
      return splitResult(result, rows, outputDim, columns);
    },
    divide: (item, maxRows) => {
      const given = tensorItem(item);
      const rows = rowsOf(given, inputDim);
      const parts: unknown[] = [];
      for (let start = 0; start < rows; start += maxRows) {
        const tensors = given.tensors.map((tensor) => {
          const along = dimOf(tensor.dims, inputDim);
          const starts = tensor.dims.map((_, dim) => (dim === along ? start : 0));
          const dims = [...tensor.dims];
          dims[along] = Math.min(maxRows, rows - start);
          return slice(tensor, starts, dims);
        });
        parts.push(given.with(tensors));
      }
      return parts;
    },
    join: (outputs) => joinResults(outputs, outputDim),
  };
}

/** Sequences of different lengths in one batch. */
class Sequences {
  readonly #observer = new WidthObserver();

  constructor(
    private readonly padding: NonNullable<ResolvedBatching['padding']>,
    private readonly inputDim: number,
    private readonly outputDim: number,
  ) {}

  /** The length of the item; undefined if it is not a sequence. */
  widthOf({ tensors }: TensorItem): number | undefined {
    const { dims } = tensors[0] as Tensor;
    const dim = dimOf(dims, this.padding.dim);
    return dim === dimOf(dims, this.inputDim) ? undefined : dims[dim];
  }

  /** The dimension in which input `index` may be padded. */
  paddedDim(item: TensorItem, index: number): number | undefined {
    return this.#observer.known ? this.#sequenceDim(item, index) : undefined;
  }

  fill(items: readonly TensorItem[], index: number): Fill | undefined {
    const dim = this.#sequenceDim(items[0] as TensorItem, index);
    const size = this.#paddedWidth(items);
    if (dim === undefined || size === undefined) return undefined;
    const { value, side } = this.padding;
    return { dim, size, value, side };
  }

  /** The columns of an output that belong to an item. Call it with the result of each run. */
  columns(items: readonly TensorItem[], result: unknown) {
    const observer = this.#observer;
    const padded = this.#paddedWidth(items);
    const widths = items.map((item) => this.widthOf(item));
    const width = padded ?? widths[0];
    const known = observer.known;
    if (width !== undefined)
      observer.observe(width, tensorsIn(result)?.tensors ?? [], this.outputDim);
    if (padded === undefined) return undefined;
    return (tensor: Tensor, index: number, item: number): Columns | undefined => {
      const dim = known ? observer.following(index) : dimOf(tensor.dims, this.padding.dim);
      const size = widths[item] as number;
      if (dim === undefined || size === padded || tensor.dims[dim] !== padded) return undefined;
      return { dim, size, start: this.padding.side === 'left' ? padded - size : 0 };
    };
  }

  #sequenceDim(item: TensorItem, index: number): number | undefined {
    const width = this.widthOf(item);
    const { dims } = item.tensors[index] as Tensor;
    const dim = dimOf(dims, this.padding.dim);
    if (width === undefined || dims[dim] !== width) return undefined;
    return dim === dimOf(dims, this.inputDim) ? undefined : dim;
  }

  /** The width of a batch; undefined if nothing is padded. */
  #paddedWidth(items: readonly TensorItem[]): number | undefined {
    if (this.#observer.irregular) return undefined;
    const { multipleOf } = this.padding;
    const widths = items.map((item) => this.widthOf(item) ?? 0);
    const size = Math.ceil(Math.max(...widths) / multipleOf) * multipleOf;
    return widths.every((width) => width === size) ? undefined : size;
  }
}
