import type { Tensor } from '../torch/tensor.js';
import type { TorchStorage } from '../torch/storage.js';
import { bytesOf, dtypeCodes, toRawArray, type OnnxDType, type RawArray } from './dtype.js';
import { GraphError } from './errors.js';
import {
  Value,
  type Attribute,
  type Dim,
  type Graph,
  type Initializer,
  type Node,
  type TensorData,
} from './graph.js';
import { opSchemas } from './ops/index.js';
import { OpCall, type AttributeInput, type AttributeKind } from './ops/schema.js';
import { lazyTensorData, tensorDataOf } from './tensor-data.js';

// Shapes, axes and scalars; inference does not look into longer constants.
const maxKnown = 16;

export type { AttributeInput } from './ops/schema.js';
/** An added operator, for the backward pass. */
export interface Step {
  readonly op: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
}
export type Attributes = Readonly<Record<string, AttributeInput | undefined>>;

/**
 * Builds a graph value by value. Operand types, ranks and known sizes are checked as each operator
 * is added, so an invalid graph fails where it is built.
 */
export class GraphBuilder {
  readonly #nodes: Node[] = [];
  readonly #steps: Step[] = [];
  /** By the names of their outputs. */
  readonly #producers = new Map<string, Step>();
  readonly #inputs: Value[] = [];
  readonly #outputs: Value[] = [];
  readonly #initializers: Initializer[] = [];
  readonly #own = new WeakSet<Value>();
  readonly #names = new Map<string, number>();
  readonly #constants = new Map<string, Value>();
  readonly #weights = new Map<TorchStorage, Map<string, Value>>();
  #scope = '';

  constructor(readonly name = 'model') {}

  /** Nodes and weights made inside `build` are named after `path`; errors name it too. */
  scoped<T>(path: string, build: () => T): T {
    const outer = this.#scope;
    this.#scope = path;
    try {
      return build();
    } finally {
      this.#scope = outer;
    }
  }

  /** A graph input; strings among `dims` are symbolic sizes. */
  input(name: string, dtype: OnnxDType, dims: readonly Dim[]): Value {
    if (this.#names.has(name)) this.#fail(`two values are called ${name}`);
    this.#names.set(name, 1);
    const value = this.#value(name, dtype, dims);
    this.#inputs.push(value);
    return value;
  }

  /** Whether a symbolic size belongs to an input. */
  isInputDim(name: string): boolean {
    return this.#inputs.some(({ shape }) => shape?.includes(name));
  }

  /** A graph output with its own name. */
  output(name: string, value: Value): Value {
    this.#check(value);
    if (this.#names.has(name)) this.#fail(`two values are called ${name}`);
    this.#names.set(name, 1);
    const output = this.#value(name, value.dtype, value.shape);
    this.#addNode('Identity', '', [value], [output], new Map());
    this.#outputs.push(output);
    return output;
  }

  /** The first output of an operator. */
  op(op: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}): Value {
    const [first] = this.ops(op, inputs, attributes);
    return first ?? this.#fail(`${op} has no output`);
  }

  /** All outputs of an operator. */
  ops(op: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}): Value[] {
    const schema = opSchemas.get(op) ?? this.#fail(`no operator is called ${op}`);
    const [least, most] = schema.inputs;
    if (inputs.length < least || inputs.length > most) {
      this.#fail(`${op} takes ${least} to ${most} operands, not ${inputs.length}`);
    }
    for (const input of inputs) if (input) this.#check(input);
    const written = this.#attributes(op, schema.attributes ?? {}, attributes);
    const call = new OpCall(op, inputs, attributes, (reason) => this.#fail(reason));
    const outputs = schema
      .infer(call)
      .map(({ dtype, shape }) => this.#value(this.#unique(op), dtype, shape));
    this.#addNode(schema.type ?? op, schema.domain ?? '', inputs, outputs, written);
    const step = { op, inputs, outputs, attributes };
    this.#steps.push(step);
    for (const output of outputs) this.#producers.set(output.name, step);
    return outputs;
  }

  /** A tensor of the file; equal views of the same storage become one initializer. */
  initializer(tensor: Tensor, name = 'weight'): Value {
    const view = `${tensor.dtype}:${tensor.offset}:${tensor.shape.join()}:${tensor.strides.join()}`;
    let views = this.#weights.get(tensor.storage);
    if (!views) this.#weights.set(tensor.storage, (views = new Map()));
    let value = views.get(view);
    if (!value) views.set(view, (value = this.weights(tensorDataOf(tensor), name)));
    return value;
  }

  /** Weights that are computed while the model is written. */
  weights(data: TensorData, name = 'weight'): Value {
    const value = this.#value(this.#unique(name), data.dtype, data.dims);
    this.#initializers.push({ name: value.name, data });
    return value;
  }

  /** Given elements; equal constants become one initializer. `dims` defaults to a vector. */
  constant(
    data: RawArray | readonly number[],
    dtype: OnnxDType,
    dims: readonly number[] = [data.length],
  ): Value {
    const array = Array.isArray(data) ? toRawArray(data, dtype) : (data as RawArray);
    const elements = dims.reduce((product, size) => product * size, 1);
    if (elements !== array.length)
      this.#fail(`a constant of ${array.length} elements has a shape of ${elements}`);
    const build = (known?: readonly number[]): Value => {
      const value = this.#value(this.#unique('constant'), dtype, dims, known);
      this.#initializers.push({ name: value.name, data: lazyTensorData(dtype, dims, () => array) });
      return value;
    };
    if (array.length > maxKnown) return build();
    const key = `${dtype}:${dims.join()}:${Buffer.from(bytesOf(array)).toString('hex')}`;
    let value = this.#constants.get(key);
    if (!value) this.#constants.set(key, (value = build(Array.from(array, Number))));
    return value;
  }

  /** A constant of rank 0. */
  scalar(value: number, dtype: OnnxDType = 'float32'): Value {
    return this.constant([value], dtype, []);
  }

  /** A vector of int64: axes, or a target shape. */
  axes(...values: readonly number[]): Value {
    return this.constant(values, 'int64');
  }

  /** The same value with sizes that the caller knows but inference does not. */
  assume(value: Value, shape: readonly Dim[]): Value {
    this.#check(value);
    return this.#value(value.name, value.dtype, shape, value.known);
  }

  /** The operators so far, each after its operands. */
  get steps(): readonly Step[] {
    return [...this.#steps];
  }

  /** The operator that computes a value; undefined for inputs, weights and constants. */
  producer(value: Value): Step | undefined {
    return this.#producers.get(value.name);
  }

  isInput(value: Value): boolean {
    return this.#inputs.some(({ name }) => name === value.name);
  }

  /** The finished graph; do not use the builder after it. */
  finish(): Graph {
    if (this.#outputs.length === 0) this.#fail('the graph has no output');
    return {
      name: this.name,
      inputs: this.#inputs,
      outputs: this.#outputs,
      nodes: this.#nodes,
      initializers: this.#initializers,
    };
  }

  #value(name: string, dtype: OnnxDType, shape: Value['shape'], known?: readonly number[]): Value {
    const value = new Value(name, dtype, shape, known);
    this.#own.add(value);
    return value;
  }

  #addNode(
    op: string,
    domain: string,
    inputs: readonly (Value | undefined)[],
    outputs: readonly Value[],
    attributes: ReadonlyMap<string, Attribute>,
  ): void {
    this.#nodes.push({
      op,
      domain,
      name: outputs[0]?.name ?? op,
      inputs: inputs.map((input) => input?.name ?? ''),
      outputs: outputs.map((output) => output.name),
      attributes,
    });
  }

  #attributes(
    op: string,
    kinds: Readonly<Record<string, AttributeKind>>,
    given: Attributes,
  ): Map<string, Attribute> {
    const written = new Map<string, Attribute>();
    for (const [name, value] of Object.entries(given)) {
      if (value === undefined) continue;
      const kind = kinds[name] ?? this.#fail(`${op} has no attribute ${name}`);
      written.set(
        name,
        toAttribute(kind, value) ?? this.#fail(`${op}.${name} is not of kind ${kind}`),
      );
    }
    return written;
  }

  #unique(base: string): string {
    const stem = this.#scope === '' ? base : `${this.#scope}.${base}`;
    const count = this.#names.get(stem) ?? 0;
    this.#names.set(stem, count + 1);
    if (count === 0) return stem;
    return this.#unique(`${base}_${count}`);
  }

  #check(value: Value): void {
    if (!this.#own.has(value)) this.#fail(`${value.name} belongs to another graph`);
  }

  #fail(reason: string): never {
    throw new GraphError(this.#scope === '' ? 'its root' : `"${this.#scope}"`, reason);
  }
}

function toAttribute(kind: AttributeKind, value: AttributeInput): Attribute | undefined {
  switch (kind) {
    case 'dtype': {
      const code = dtypeCodes[value as OnnxDType];
      return code === undefined ? undefined : { kind: 'int', value: code };
    }
    case 'int': {
      const int = typeof value === 'boolean' ? Number(value) : value;
      return Number.isSafeInteger(int) ? { kind, value: int as number } : undefined;
    }
    case 'float':
      return typeof value === 'number' ? { kind, value } : undefined;
    case 'string':
      return typeof value === 'string' ? { kind, value } : undefined;
    case 'ints':
    case 'floats':
      return Array.isArray(value) ? { kind, value: value as readonly number[] } : undefined;
    case 'strings':
      return Array.isArray(value) ? { kind, value: value as readonly string[] } : undefined;
    default:
      return undefined;
  }
}
