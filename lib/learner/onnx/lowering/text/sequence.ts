import type { Value } from '../../graph.js';
import type { GraphBuilder } from '../../graph-builder.js';

/**
 * The position of each token in the chunks that fastai cuts a row into. Everything is time-major:
 * [length, batch], [length, 1] where rows do not differ, [batch] where positions do not.
 */
export class ChunkedSequence {
  /** Token ids [length, batch]. */
  readonly ids: Value;
  /** Position of each token [length, 1]. */
  readonly positions: Value;
  /** Where the chunk of each position begins [length, 1]. */
  readonly starts: Value;
  /** Whether a token is padding [length, batch]. */
  readonly pads: Value;
  readonly #starts: Value;
  #flatReversal: Value | undefined;
  #rowOffsets: { batch: Value; rows: Value } | undefined;

  constructor(
    readonly graph: GraphBuilder,
    /** Tokens of each row [batch]. */
    readonly lengths: Value,
    batchMajorIds: Value,
    readonly bptt: number,
    padIdx: number,
  ) {
    const int = (value: number): Value => graph.scalar(value, 'int32');
    // Transposing ids here saves transposing what the layers compute from them.
    this.ids = graph.op('Transpose', [batchMajorIds], { perm: [1, 0] });
    const length = this.#size(batchMajorIds, 1);
    const steps = graph.op('Range', [int(0), length, int(1)]);
    const chunk = graph.op('Div', [steps, int(bptt)]);
    this.#starts = graph.op('Mul', [chunk, int(bptt)]);
    this.positions = graph.op('Unsqueeze', [steps, graph.axes(1)]);
    this.starts = graph.op('Unsqueeze', [this.#starts, graph.axes(1)]);
    this.pads = graph.op('Equal', [this.ids, int(padIdx)]);
  }

  /**
   * 1 on the chunks that begin with a padding token [length, batch, 1]. fastai counts such a row as
   * finished and does not run the chunk: its outputs are zeros, and the state starts again after
   * it.
   */
  skippedChunks(): Value {
    const { graph } = this;
    const atStart = graph.op('Gather', [this.pads, this.#starts], { axis: 0 });
    return graph.op('Unsqueeze', [graph.op('Cast', [atStart], { to: 'float32' }), graph.axes(2)]);
  }

  /**
   * The positions that fastai pools [length, batch]: within the row, and within the chunks that
   * begin at most `maxLen` tokens before its end.
   */
  kept(maxLen: number | null): Value {
    const { graph, lengths } = this;
    const within = graph.op('Less', [this.positions, lengths]);
    if (maxLen === null) return within;
    const first = graph.op('Sub', [lengths, graph.scalar(maxLen, 'int32')]);
    return graph.op('And', [within, graph.op('GreaterOrEqual', [this.starts, first])]);
  }

  /** One step of each row: `x` [length, batch, width] at `position` [batch]. */
  pick(x: Value, position: Value, width: number): Value {
    const { graph } = this;
    const { batch, rows } = this.#rowsOfBatch();
    const index = graph.op('Add', [graph.op('Mul', [position, batch]), rows]);
    return graph.op('Gather', [this.#flat(x, width), index], { axis: 0 });
  }

  /** Reverses every chunk of `x` [length, batch, width] within its row; it is its own inverse. */
  reverseChunks(x: Value, width: number): Value {
    this.#flatReversal ??= this.#reversal();
    return this.graph.op('Gather', [this.#flat(x, width), this.#flatReversal], { axis: 0 });
  }

  #reversal(): Value {
    const { graph, lengths, positions, starts } = this;
    const { batch, rows } = this.#rowsOfBatch();
    const last = graph.op('Sub', [
      graph.op('Min', [graph.op('Add', [starts, graph.scalar(this.bptt, 'int32')]), lengths]),
      graph.scalar(1, 'int32'),
    ]);
    const mirrored = graph.op('Sub', [graph.op('Add', [starts, last]), positions]);
    const within = graph.op('Less', [positions, lengths]);
    const step = graph.op('Where', [within, mirrored, positions]);
    return graph.op('Add', [graph.op('Mul', [step, batch]), rows]);
  }

  #flat(x: Value, width: number): Value {
    return this.graph.op('Reshape', [x, this.graph.axes(-1, width)]);
  }

  #rowsOfBatch(): { batch: Value; rows: Value } {
    const { graph } = this;
    if (!this.#rowOffsets) {
      const batch = this.#size(this.ids, 1);
      const [zero, one] = [graph.scalar(0, 'int32'), graph.scalar(1, 'int32')];
      this.#rowOffsets = { batch, rows: graph.op('Range', [zero, batch, one]) };
    }
    return this.#rowOffsets;
  }

  /** One size of a value, as a scalar. */
  #size(value: Value, axis: number): Value {
    const { graph } = this;
    const size = graph.op('Shape', [value], { start: axis, end: axis + 1 });
    const scalar = graph.op('Squeeze', [size, graph.axes(0)]);
    return graph.op('Cast', [scalar], { to: 'int32' });
  }
}
