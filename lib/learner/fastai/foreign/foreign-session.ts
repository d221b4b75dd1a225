import { Tensor, type InferenceSession } from 'onnxruntime-common';
import type { ModelSession } from '../../onnx/session/model-session.js';
import { joinTensors } from '../data/tensor-rows.js';
import { UnexpectedItemError, UnsupportedLearnerError } from '../errors.js';
import { joinResults } from '../results/results.js';
import { described } from './expected-model.js';

type Feeds = Readonly<Record<string, Tensor>>;

/**
 * The session of an ONNX file that replaces a learner's model: it returns only its first outputs,
 * one row per item. Items run one by one if the file does not take several at once.
 */
export class ForeignSession implements ModelSession {
  /** Undefined until a run shows it. */
  #takesBatches: boolean | undefined;

  /** @param results How many outputs the learner uses. */
  constructor(
    private readonly session: ModelSession,
    private readonly results = 1,
  ) {
    const fixed = session.inputMetadata.some((input) => input.isTensor && input.shape[0] === 1);
    if (fixed) this.#takesBatches = false;
  }

  get inputNames(): readonly string[] {
    return this.session.inputNames;
  }

  get outputNames(): readonly string[] {
    return this.session.outputNames.slice(0, this.results);
  }

  get inputMetadata(): readonly InferenceSession.ValueMetadata[] {
    return this.session.inputMetadata;
  }

  get outputMetadata(): readonly InferenceSession.ValueMetadata[] {
    return this.session.outputMetadata.slice(0, this.results);
  }

  async run(feeds: InferenceSession.FeedsType): Promise<Readonly<Record<string, Tensor>>> {
    const tensors = feeds as Feeds;
    this.#checkSizes(tensors);
    const items = Object.values(tensors)[0]?.dims[0] ?? 1;
    const results = await this.#rows(tensors, items);
    return Object.fromEntries(this.outputNames.map((name, at) => [name, results[at]!]));
  }

  release(): Promise<void> {
    return this.session.release();
  }

  async #rows(feeds: Feeds, items: number): Promise<readonly Tensor[]> {
    if (items > 1 && this.#takesBatches !== false) {
      const outputs = await this.#outputs(feeds).catch((error: unknown) => {
        if (this.#takesBatches) throw failed(feeds, error);
        return undefined;
      });
      // An exporter may have fixed the batch within the graph, whatever its inputs say.
      this.#takesBatches ??= outputs?.every(({ dims }) => dims[0] === items) ?? false;
      if (outputs && this.#takesBatches) return outputs;
    }
    const parts: (readonly Tensor[])[] = [];
    for (let item = 0; item < items; item++) {
      const one = items === 1 ? feeds : itemOf(feeds, item);
      const outputs = await this.#outputs(one).catch((error: unknown) => {
        throw failed(one, error);
      });
      const wrong = outputs.find(({ dims }) => dims[0] !== 1);
      if (wrong) throw failed(one, `its output has the shape [${wrong.dims.join(', ')}]`);
      parts.push(outputs);
    }
    if (parts.length === 1) return parts[0]!;
    return joinResults(parts, joinTensors) as readonly Tensor[];
  }

  async #outputs(feeds: Feeds): Promise<readonly Tensor[]> {
    const { outputNames } = this;
    const outputs = await this.session.run(feeds, outputNames);
    return outputNames.map((name) => outputs[name] as Tensor);
  }

  /** Images have different sizes if the learner does not resize them. */
  #checkSizes(feeds: Feeds): void {
    for (const input of this.session.inputMetadata) {
      const dims = feeds[input.name]?.dims;
      if (!dims || !input.isTensor) continue;
      const differs = input.shape.some(
        (size, axis) => axis > 0 && typeof size === 'number' && size > 0 && size !== dims[axis],
      );
      if (!differs) continue;
      throw new UnexpectedItemError(
        `one that becomes [1, ${dims.slice(1).join(', ')}]`,
        `an item that becomes the input of its ONNX model, ${described(input)}`,
      );
    }
  }
}

function itemOf(feeds: Feeds, item: number): Feeds {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, tensor]) => {
      const [, ...sizes] = tensor.dims;
      const length = sizes.reduce((product, size) => product * size, 1);
      const data = (tensor.data as Float32Array).subarray(item * length, (item + 1) * length);
      return [name, new Tensor(tensor.type as 'float32', data, [1, ...sizes])];
    }),
  );
}

function failed(feeds: Feeds, cause: unknown): UnsupportedLearnerError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const given = Object.entries(feeds).map(
    ([name, { type, dims }]) => `"${name}" ${type} of [${dims.join(', ')}]`,
  );
  return new UnsupportedLearnerError(
    `The learner's ONNX model cannot run on ${given.join(', ')} (${reason.slice(0, 300)})`,
    "export this learner's own model again with torch.onnx.export(learner.model, ...)",
  );
}
