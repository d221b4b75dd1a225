import { Tensor, type OnnxValue } from 'onnxruntime-common';
import type { Context } from '../../python/context.js';
import { List, Tuple, type Value } from '../../python/values.js';
import { guarded } from '../../runtime/run-guard.js';
import type { OnnxDType } from '../dtype.js';
import { GraphBuilder } from '../graph-builder.js';
import type { Dim } from '../graph.js';
import { graphCapture } from '../session/capture-graph.js';
import { createSession } from '../session/create-session.js';
import type { OnnxSession } from '../session/onnx-session.js';
import { SizeNeededError } from '../torch-ops/size-needed.js';
import { TensorValue } from '../torch-ops/tensor-value.js';
import type { Program } from './program.js';

/** The most graphs that stay open: one for each rank and element type, or for each size. */
const MOST_KEPT = 8;

const DTYPES: ReadonlySet<string> = new Set<OnnxDType>([
  'float32',
  'float64',
  'int64',
  'int32',
  'int8',
  'uint8',
  'bool',
]);

/** A result: an unchanged input, or an output of the graph. */
type Result = { readonly input: number } | { readonly output: string };

interface Compiled {
  /** Undefined if the code returns its inputs. */
  readonly session: OnnxSession | undefined;
  readonly results: readonly Result[];
}

/**
 * Code of a file on existing tensors: it is traced into a graph once for each kind of inputs, with
 * free sizes if it only computes with them, and then the graph runs.
 */
export class TensorFunction {
  readonly #compiled = new Map<string, Promise<Compiled>>();
  /** Kinds of inputs whose sizes the code needs. */
  readonly #needsSizes = new Set<string>();
  #isReleased = false;

  /** @param call Returns a tensor, or several in a tuple or list. */
  constructor(
    private readonly program: Program,
    private readonly call: (ctx: Context, inputs: readonly TensorValue[]) => Value,
    private readonly intraOpNumThreads = 1,
  ) {}

  /** @throws UnsupportedCodeError, RaisedInCodeError, CodeBudgetError */
  async run(inputs: readonly Tensor[]): Promise<Tensor[]> {
    const { session, results } = await this.#for(inputs);
    if (!session) return results.map((result) => inputs[(result as { input: number }).input]!);
    const feeds: Record<string, OnnxValue> = {};
    inputs.forEach((tensor, index) => (feeds[`x${index}`] = tensor));
    const outputs = await guarded(() => session.run(feeds));
    return results.map((result) =>
      'input' in result ? inputs[result.input]! : (outputs[result.output] as Tensor),
    );
  }

  async release(): Promise<void> {
    this.#isReleased = true;
    const all = [...this.#compiled.values()];
    this.#compiled.clear();
    await Promise.all(all.map(freed));
  }

  async #for(inputs: readonly Tensor[]): Promise<Compiled> {
    const kind = inputs.map(({ type, dims }) => `${type}:${dims.length}`).join();
    if (!this.#needsSizes.has(kind)) {
      try {
        return await this.#kept(kind, inputs, (dims, index) =>
          dims.map((_, axis) => `x${index}.${axis}`),
        );
      } catch (error) {
        if (!(error instanceof SizeNeededError)) throw error;
        this.#needsSizes.add(kind);
      }
    }
    const sizes = inputs.map(({ type, dims }) => `${type}:${dims.join('x')}`).join();
    return this.#kept(sizes, inputs, (dims) => dims);
  }

  #kept(
    key: string,
    inputs: readonly Tensor[],
    dimsOf: (dims: readonly number[], index: number) => readonly Dim[],
  ): Promise<Compiled> {
    let compiled = this.#compiled.get(key);
    // The least recently used one is removed first.
    this.#compiled.delete(key);
    compiled ??= this.#compile(inputs, dimsOf);
    this.#compiled.set(key, compiled);
    compiled.catch(() => this.#compiled.delete(key));
    for (const [oldest, other] of this.#compiled) {
      if (this.#compiled.size <= MOST_KEPT) break;
      this.#compiled.delete(oldest);
      void freed(other);
    }
    return compiled;
  }

  async #compile(
    inputs: readonly Tensor[],
    dimsOf: (dims: readonly number[], index: number) => readonly Dim[],
  ): Promise<Compiled> {
    const { evaluator } = this.program;
    const graph = new GraphBuilder('code');
    const env = this.program.on(graph);
    const given = inputs.map(({ type, dims }, index) => {
      if (!DTYPES.has(type)) throw evaluator.unsupported(`a tensor of ${type}`);
      const dtype = type as OnnxDType;
      return env.tensor(graph.input(`x${index}`, dtype, dimsOf(dims, index)), dtype);
    });
    // A tensor that is written to is a different value, so it is not a returned input.
    const before = given.map(({ value }) => value.name);
    evaluator.renew();
    const made = this.call(evaluator, given);
    const results = tensorsOf(evaluator, made).map((tensor, index): Result => {
      const input = before.indexOf(tensor.value.name);
      if (input >= 0 && given[input]!.dtype === tensor.dtype) return { input };
      const name = `y${index}`;
      graph.output(name, tensor.value);
      return { output: name };
    });
    if (results.every((result) => 'input' in result)) return { session: undefined, results };
    const { intraOpNumThreads } = this;
    const finished = graph.finish();
    graphCapture()?.onCode?.(finished);
    const session = await guarded(() => createSession(finished, { intraOpNumThreads }));
    if (this.#isReleased) await session.release();
    return { session, results };
  }
}

function tensorsOf(ctx: Context, value: Value): TensorValue[] {
  const items = value instanceof Tuple || value instanceof List ? value.items : [value];
  return items.map((item) => {
    if (item instanceof TensorValue) return item;
    throw ctx.unsupported(`a result of class ${ctx.typeOf(item).name} instead of a tensor`);
  });
}

async function freed(compiled: Promise<Compiled>): Promise<void> {
  try {
    await (await compiled).session?.release();
  } catch {
    // It was never opened.
  }
}
