import { Tensor, type OnnxValue } from 'onnxruntime-common';
import { createSession } from '../../onnx/session/create-session.js';
import { GraphBuilder } from '../../onnx/graph-builder.js';
import { TensorValue, type TorchDType } from '../../onnx/torch-ops/tensor-value.js';
import type { Program } from '../../onnx/tracing/program.js';
import type { Context } from '../../python/context.js';
import { Instance, List, Tuple, type Value } from '../../python/values.js';
import { guarded } from '../../runtime/run-guard.js';
import { BatchTuple, className, type BatchType } from '../data/batch-types.js';
import { ArrayValue } from '../code/numpy/array-value.js';
import { PilImage } from '../code/pil/image-value.js';
import { isBranch, type Leaf, type Tree } from './leaves.js';

const ELEMENTS = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** A tensor of numbers. */
function tensorOf(dtype: TorchDType, values: ArrayLike<number>, dims: readonly number[]): Tensor {
  const type = dtype === 'int16' ? 'int32' : dtype;
  const data =
    dtype === 'int64'
      ? BigInt64Array.from(Array.from(values, (value) => BigInt(Math.trunc(value))))
      : (ELEMENTS[dtype] as unknown as Float32ArrayConstructor).from(values);
  return new Tensor(type, data as Float32Array, dims);
}

/** Traces code that makes values of an item; its tensors are computed when it ends. */
export class MadeValues {
  /** Plain numbers of an item, which have no element type. */
  readonly #untyped = new WeakSet<Value & object>();

  constructor(
    private readonly program: Program,
    private readonly intraOpNumThreads: number,
  ) {}

  /** A tensor of numbers that may become an input of the model. */
  untyped(values: readonly number[], dims: readonly number[]): TensorValue {
    const made = this.program.env.constant(values, 'float32', dims);
    this.#untyped.add(made);
    return made;
  }

  /**
   * @param make Runs in its own graph; called again if a file must be read first.
   * @param run Calls `make` until it completes.
   */
  async tree(
    make: () => readonly Value[],
    run: (work: () => readonly Value[]) => Promise<readonly Value[]>,
    types: readonly (BatchType | undefined)[],
  ): Promise<readonly Tree[]> {
    const { evaluator } = this.program;
    let graph = new GraphBuilder('item');
    const values = await run(() => {
      graph = new GraphBuilder('item');
      this.program.on(graph);
      evaluator.renew();
      return make();
    });
    const tensors = [...new Set(values.flatMap((value) => tensorsIn(value)))];
    const known = await this.#computed(graph, tensors);
    return values.map((value, i) => this.#treeOf(value, types[i], known));
  }

  async #computed(
    graph: GraphBuilder,
    tensors: readonly TensorValue[],
  ): Promise<ReadonlyMap<TensorValue, Tensor>> {
    const made = new Map<TensorValue, Tensor>();
    const unknown: TensorValue[] = [];
    for (const tensor of tensors) {
      const { known, shape } = tensor.value;
      if (known && shape?.every((dim) => typeof dim === 'number')) {
        made.set(tensor, tensorOf(tensor.dtype, known, shape));
      } else unknown.push(tensor);
    }
    if (unknown.length === 0) return made;
    unknown.forEach((tensor, index) => graph.output(`y${index}`, tensor.value));
    const { intraOpNumThreads } = this;
    const session = await guarded(() => createSession(graph.finish(), { intraOpNumThreads }));
    try {
      const outputs: Record<string, OnnxValue> = await guarded(() => session.run({}));
      unknown.forEach((tensor, index) => made.set(tensor, outputs[`y${index}`] as Tensor));
    } finally {
      await guarded(() => session.release());
    }
    return made;
  }

  /** `fa_collate` keeps tuples and lists, and turns numbers into tensors. */
  #treeOf(
    value: Value,
    type: BatchType | undefined,
    known: ReadonlyMap<TensorValue, Tensor>,
  ): Tree {
    const items = itemsOf(value);
    if (items) {
      const types = type instanceof BatchTuple ? type.items : [];
      return items.map((item, i) => this.#treeOf(item, types[i], known));
    }
    const made = leafOf(this.program.evaluator, value, known);
    const cls = className(type);
    if (made.kind === 'image') return made;
    const typed = !(value instanceof TensorValue && this.#untyped.has(value));
    return { ...made, typed, cls: cls === '' ? made.cls : cls };
  }
}

function leafOf(ctx: Context, value: Value, known: ReadonlyMap<TensorValue, Tensor>): Leaf {
  if (value instanceof PilImage) return { kind: 'image', image: value };
  const plain = (tensor: Tensor, cls = 'Tensor'): Leaf => ({
    kind: 'tensor',
    tensor,
    cls,
    typed: true,
  });
  if (value instanceof TensorValue) return plain(known.get(value)!);
  if (value instanceof ArrayValue) {
    const { dtype, shape } = value.array;
    if (!Object.hasOwn(ELEMENTS, dtype)) throw ctx.unsupported(`an input of ${dtype}`);
    return plain(tensorOf(dtype as TorchDType, value.array.flat(), shape));
  }
  // torch's default_collate: floats of Python are float64.
  if (typeof value === 'number') return plain(tensorOf('float64', [value], []));
  if (typeof value === 'bigint') return plain(tensorOf('int64', [Number(value)], []));
  if (typeof value === 'boolean') return plain(tensorOf('bool', [Number(value)], []));
  throw ctx.unsupported(
    `an input of class ${ctx.typeOf(value).name}, which does not become a tensor,`,
  );
}

function itemsOf(value: Value): readonly Value[] | undefined {
  const own = value instanceof Instance ? value.payload : value;
  return own instanceof Tuple || own instanceof List ? own.items : undefined;
}

function tensorsIn(value: Value): TensorValue[] {
  if (value instanceof TensorValue) return [value];
  return itemsOf(value)?.flatMap(tensorsIn) ?? [];
}

/** A tree as a value for code; call it only while a graph is built. */
export function valueOfTree(program: Program, tree: Tree): Value {
  if (isBranch(tree)) return new Tuple(tree.map((one) => valueOfTree(program, one)));
  if (tree.kind === 'image') return tree.image;
  const { type, dims } = tree.tensor;
  const data = Array.from(tree.tensor.data as ArrayLike<number | bigint>, Number);
  return program.env.constant(data, type as TorchDType, dims);
}
