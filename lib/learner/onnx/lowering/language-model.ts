import type { Module } from '../../torch/module.js';
import { UnsupportedModuleError } from '../errors.js';
import { GraphBuilder } from '../graph-builder.js';
import type { Graph, Value } from '../graph.js';
import { LoweringContext } from './context.js';
import { lowerings } from './registry.js';
import { awdLstmName, lowerAwdLstm, stateWidths, vocabSize } from './text/awd-lstm.js';

/** A language model as a graph of one step, or of many at once. */
export interface LoweredLanguageModel {
  /**
   * Takes `ids`, int32 [batch, length], and `state`, float32 [1, batch, stateSize], zeros at the
   * beginning of a text. Returns `logits` [batch, vocabSize] of the next token, `next_state` for
   * continuing, and `encoded` [batch, width], the encoder's output at the last token.
   */
  readonly graph: Graph;
  /** Ids are 0..vocabSize-1. */
  readonly vocabSize: number;
  /** The hidden and cell states of all layers, concatenated. */
  readonly stateSize: number;
}

const sequentialNames = new Set([
  'fastai.text.models.core.SequentialRNN',
  'torch.nn.modules.container.Sequential',
]);

/**
 * Turns fastai's language model, an AWD_LSTM and its decoder, into a graph with the hidden state as
 * input and output, so a text continues without being read again.
 *
 * @throws UnsupportedModuleError for another encoder, or a bidirectional one, whose past changes
 * with every token.
 */
export function lowerLanguageModel(root: Module): LoweredLanguageModel {
  const [encoder, ...rest] = sequentialNames.has(root.className) ? [...root.children.values()] : [];
  if (encoder?.className !== awdLstmName) {
    throw new UnsupportedModuleError(
      (encoder ?? root).path,
      (encoder ?? root).className,
      'a language model must start with an AWD_LSTM',
    );
  }
  const graph = new GraphBuilder('language-model');
  const ctx = new LoweringContext(graph, lowerings);
  ctx.checkHooks(root);
  ctx.checkHooks(encoder);
  const states = new PackedStates(graph, stateWidths(encoder, ctx));
  const ids = graph.op('Transpose', [graph.input('ids', 'int32', ['batch', 'length'])], {
    perm: [1, 0],
  });
  graph.scoped(encoder.path, () => lowerAwdLstm(encoder, ctx, ids, undefined, states));
  // The last output is the final hidden state of the last layer, so the decoder runs only for that.
  const encoded = graph.op('Squeeze', [states.lastHidden, graph.axes(0)]);
  const logits = rest.reduce<Value>(
    (x, module) => (module ? ctx.lowerValue(module, [x]) : x),
    encoded,
  );
  graph.output('logits', logits);
  graph.output('next_state', states.packed);
  graph.output('encoded', encoded);
  return { graph: graph.finish(), vocabSize: vocabSize(encoder), stateSize: states.size };
}

/** The states of all layers as one tensor, so the graph has one state input and output. */
class PackedStates {
  readonly size: number;
  readonly #all: Value;
  readonly #last: Value[] = [];

  constructor(
    private readonly graph: GraphBuilder,
    private readonly widths: readonly number[],
  ) {
    this.size = 2 * widths.reduce((sum, width) => sum + width, 0);
    this.#all = graph.input('state', 'float32', [1, 'batch', this.size]);
  }

  readonly initial = (layer: number): Value[] => {
    const { graph, widths } = this;
    const width = widths[layer] ?? 0;
    const start = 2 * widths.slice(0, layer).reduce((sum, each) => sum + each, 0);
    return [start, start + width].map((from) =>
      graph.op('Slice', [this.#all, graph.axes(from), graph.axes(from + width), graph.axes(2)]),
    );
  };

  readonly final = (_layer: number, states: readonly Value[]): void => {
    this.#last.push(...states);
  };

  get lastHidden(): Value {
    return this.#last[this.#last.length - 2] as Value;
  }

  get packed(): Value {
    return this.graph.op('Concat', this.#last, { axis: 2 });
  }
}
