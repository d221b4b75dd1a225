import { dtypeCodes } from '../dtype.js';
import { ModelTooLargeError } from '../errors/model-too-large.error.js';
import type { Attribute, Graph, Initializer, Node, TensorData, Value } from '../graph.js';
import { ProtobufWriter } from './protobuf-writer.js';

const irVersion = 8;
const opsetVersion = 17;
const producer = 'nestjs-vts';
// Vector loads, and what onnxruntime maps into memory, start on cache lines.
const alignment = 64;
const maxMessageBytes = 2 ** 31 - 1;

const attributeTypes: Readonly<Record<Attribute['kind'], number>> = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
};

/** @internal */
export interface WriteModelOptions {
  /** Initializers of at least so many bytes go to the external data. Default: none does. */
  readonly externalDataThreshold?: number;
  /** Name of the external data file, beside the model's. Default 'model.onnx.data'. */
  readonly location?: string;
}

/** The weights that belong into a file beside the model. @internal */
export interface ExternalData {
  readonly location: string;
  readonly byteLength: number;
  /** The file's content in order, produced while it is read. */
  chunks(): Iterable<Uint8Array>;
}

/** @internal */
export interface WrittenModel {
  readonly model: Uint8Array;
  /** Undefined when every initializer is in the model. */
  readonly externalData: ExternalData | undefined;
}

/**
 * A graph as an ONNX model (IR 8, opset 17).
 *
 * @throws ModelTooLargeError when what stays in the model passes 2 GB.
 * @internal
 */
export function writeModel(graph: Graph, options: WriteModelOptions = {}): WrittenModel {
  const threshold = options.externalDataThreshold ?? Infinity;
  const location = options.location ?? 'model.onnx.data';
  const placed = placeExternally(graph.initializers, threshold);
  const writer = new ProtobufWriter()
    .int(1, irVersion)
    .string(2, producer)
    .message(7, (body) => writeGraph(body, graph, placed.offsets, location))
    .message(8, (opset) => opset.string(1, '').int(2, opsetVersion));
  for (const domain of customDomains(graph)) {
    writer.message(8, (opset) => opset.string(1, domain).int(2, 1));
  }
  if (writer.byteLength > maxMessageBytes) throw new ModelTooLargeError(writer.byteLength);
  return {
    model: writer.finish(),
    externalData: placed.offsets.size > 0 ? externalData(placed, location) : undefined,
  };
}

interface Placement {
  readonly offsets: ReadonlyMap<Initializer, number>;
  readonly byteLength: number;
}

function placeExternally(initializers: readonly Initializer[], threshold: number): Placement {
  const offsets = new Map<Initializer, number>();
  let end = 0;
  for (const initializer of initializers) {
    if (initializer.data.byteLength < threshold) continue;
    const offset = Math.ceil(end / alignment) * alignment;
    offsets.set(initializer, offset);
    end = offset + initializer.data.byteLength;
  }
  return { offsets, byteLength: end };
}

function externalData(placed: Placement, location: string): ExternalData {
  return {
    location,
    byteLength: placed.byteLength,
    *chunks() {
      let position = 0;
      for (const [{ name, data }, offset] of placed.offsets) {
        if (offset > position) yield new Uint8Array(offset - position);
        position = offset;
        for (const chunk of data.chunks()) {
          yield chunk;
          position += chunk.byteLength;
        }
        if (position !== offset + data.byteLength) {
          throw new RangeError(`Initializer ${name} gave ${position - offset} bytes.`);
        }
      }
    },
  };
}

function customDomains(graph: Graph): Set<string> {
  return new Set(graph.nodes.map((node) => node.domain).filter((domain) => domain !== ''));
}

function writeGraph(
  writer: ProtobufWriter,
  graph: Graph,
  offsets: ReadonlyMap<Initializer, number>,
  location: string,
): void {
  for (const node of graph.nodes) writer.message(1, (body) => writeNode(body, node));
  writer.string(2, graph.name);
  for (const initializer of graph.initializers) {
    const offset = offsets.get(initializer);
    writer.message(5, (body) => {
      if (offset === undefined) writeTensor(body, initializer.data, initializer.name);
      else writeExternalTensor(body, initializer, location, offset);
    });
  }
  for (const input of graph.inputs) writer.message(11, (body) => writeValueInfo(body, input));
  for (const output of graph.outputs) writer.message(12, (body) => writeValueInfo(body, output));
}

function writeNode(writer: ProtobufWriter, node: Node): void {
  for (const input of node.inputs) writer.string(1, input);
  for (const output of node.outputs) writer.string(2, output);
  writer.string(3, node.name).string(4, node.op);
  for (const [name, attribute] of node.attributes) {
    writer.message(5, (body) => writeAttribute(body, name, attribute));
  }
  if (node.domain !== '') writer.string(7, node.domain);
}

function writeAttribute(writer: ProtobufWriter, name: string, attribute: Attribute): void {
  writer.string(1, name);
  switch (attribute.kind) {
    case 'float':
      writer.float(2, attribute.value);
      break;
    case 'int':
      writer.int(3, attribute.value);
      break;
    case 'string':
      writer.string(4, attribute.value);
      break;
    case 'tensor':
      writer.message(5, (body) => writeTensor(body, attribute.value, ''));
      break;
    case 'graph':
      writer.message(6, (body) => writeGraph(body, attribute.value, new Map(), ''));
      break;
    case 'floats':
      writer.packedFloats(7, attribute.value);
      break;
    case 'ints':
      writer.packedInts(8, attribute.value);
      break;
    case 'strings':
      for (const value of attribute.value) writer.string(9, value);
      break;
  }
  writer.int(20, attributeTypes[attribute.kind]);
}

function writeTensor(writer: ProtobufWriter, data: TensorData, name: string): void {
  writer.packedInts(1, data.dims).int(2, dtypeCodes[data.dtype]).string(8, name).bytes(9, data);
}

function writeExternalTensor(
  writer: ProtobufWriter,
  { name, data }: Initializer,
  location: string,
  offset: number,
): void {
  writer.packedInts(1, data.dims).int(2, dtypeCodes[data.dtype]).string(8, name);
  const entries = [
    ['location', location],
    ['offset', String(offset)],
    ['length', String(data.byteLength)],
  ] as const;
  for (const [key, value] of entries) {
    writer.message(13, (entry) => entry.string(1, key).string(2, value));
  }
  writer.int(14, 1);
}

function writeValueInfo(writer: ProtobufWriter, value: Value): void {
  writer.string(1, value.name).message(2, (type) =>
    type.message(1, (tensor) => {
      tensor.int(1, dtypeCodes[value.dtype]);
      const { shape } = value;
      if (shape === undefined) return;
      tensor.message(2, (dims) => {
        for (const dim of shape) {
          dims.message(1, (body) => {
            if (typeof dim === 'number') body.int(1, dim);
            else if (dim !== null) body.string(2, dim);
          });
        }
      });
    }),
  );
}
