import type { OnnxDType } from './dtype.js';

/** A size: known, symbolic ('batch'), or unknown. */
export type Dim = number | string | null;

/** Sizes of a value; undefined if even the rank is unknown. */
export type Shape = readonly Dim[] | undefined;

/** The known facts about a value before the graph runs. */
export interface ValueType {
  readonly dtype: OnnxDType;
  readonly shape: Shape;
}

/** A value of one graph: an input, an initializer or the output of a node. */
export class Value implements ValueType {
  constructor(
    readonly name: string,
    readonly dtype: OnnxDType,
    readonly shape: Shape,
    /**
     * The elements, if they are few and known: inference reads axes and target shapes from them.
     */
    readonly known?: readonly number[],
  ) {}

  get rank(): number | undefined {
    return this.shape?.length;
  }
}

/** An attribute in its written form. */
export type Attribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'tensor'; readonly value: TensorData }
  | { readonly kind: 'graph'; readonly value: Graph };

/** One operation. An omitted optional input is the empty name. */
export interface Node {
  readonly op: string;
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

/** Elements are produced while they are written, so a large model is never in memory twice. */
export interface TensorData {
  readonly dtype: OnnxDType;
  readonly dims: readonly number[];
  readonly byteLength: number;
  /**
   * Raw data in order; together exactly `byteLength` bytes. May be called more than once. The next
   * chunk may take the memory of the last one, so use or copy each before the next.
   */
  chunks(): Iterable<Uint8Array>;
}

/** A weight or constant of a graph. */
export interface Initializer {
  readonly name: string;
  readonly data: TensorData;
}

/** A finished graph. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly nodes: readonly Node[];
  readonly initializers: readonly Initializer[];
}
