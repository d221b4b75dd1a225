import { dtypeCodes } from '../dtype.js';
import { ModelTooLargeError } from '../errors.js';
import type { Attribute, Graph, Initializer, Node, Value } from '../graph.js';
import { attributeTypes } from './onnx-fields.js';
import { ProtobufWriter } from './protobuf-writer.js';
import { WeightPlacer, type ExternalData, type WriteModelOptions } from './weight-placer.js';

/** The version of ONNX's operators in lowered graphs. */
export const LOWERED_OPSET = 17;
const producer = 'nestjs-vts';
const maxMessageBytes = 2 ** 31 - 1;

export interface WrittenModel {
  readonly model: Uint8Array;
  /** Undefined if every initializer is in the model. */
  readonly externalData: ExternalData | undefined;
}

/** A model that is written once the location of its weights is known. */
export interface WritableModel {
  write(options: WriteModelOptions): WrittenModel;
}

/** Facts about a model for programs other than this package. */
export interface ModelHeader {
  /** Default 17. */
  readonly opset?: number;
  readonly producerVersion?: string | undefined;
}

/** `metadata_props` as bytes that can be appended to a written model. */
export function metadataFields(metadata: Readonly<Record<string, string>>): Uint8Array {
  const writer = new ProtobufWriter();
  for (const [key, value] of Object.entries(metadata)) {
    writer.message(14, (entry) => entry.string(1, key).string(2, value));
  }
  return writer.finish();
}

/** The oldest IR version with all of an opset, according to the table in onnx's Versioning.md. */
const irVersionOf = (opset: number): number => {
  const newer = [15, 19, 21, 23, 24, 25].filter((first) => opset >= first).length;
  return 7 + newer;
};

/**
 * A graph as an ONNX model (IR 8 and opset 17 by default), or a model that writes itself.
 *
 * @throws ModelTooLargeError if the part in the model exceeds 2 GB.
 */
export function writeModel(
  graph: Graph | WritableModel,
  options: WriteModelOptions = {},
  { opset: version = LOWERED_OPSET, producerVersion }: ModelHeader = {},
): WrittenModel {
  if ('write' in graph) return graph.write(options);
  const weights = new WeightPlacer(options);
  const writer = new ProtobufWriter().int(1, irVersionOf(version)).string(2, producer);
  if (producerVersion !== undefined) writer.string(3, producerVersion);
  writer
    .message(7, (body) => writeGraph(body, graph, weights))
    .message(8, (opset) => opset.string(1, '').int(2, version));
  for (const domain of new Set(graph.nodes.map((node) => node.domain))) {
    if (domain === '') continue;
    writer.message(8, (opset) => opset.string(1, domain).int(2, 1));
  }
  return finishModel(writer, weights);
}

/** @throws ModelTooLargeError */
export function finishModel(writer: ProtobufWriter, weights: WeightPlacer): WrittenModel {
  if (writer.byteLength > maxMessageBytes) throw new ModelTooLargeError(writer.byteLength);
  return { model: writer.finish(), externalData: weights.externalData };
}

function writeGraph(writer: ProtobufWriter, graph: Graph, weights: WeightPlacer): void {
  for (const node of graph.nodes) writer.message(1, (body) => writeNode(body, node));
  writer.string(2, graph.name);
  for (const initializer of graph.initializers) {
    writer.message(5, (body) => writeInitializer(body, initializer, weights));
  }
  for (const input of graph.inputs) writer.message(11, (body) => writeValueInfo(body, input));
  for (const output of graph.outputs) writer.message(12, (body) => writeValueInfo(body, output));
}

export function writeNode(writer: ProtobufWriter, node: Node): void {
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
      writer.message(5, (body) =>
        writeInitializer(body, { name: '', data: attribute.value }, new WeightPlacer()),
      );
      break;
    case 'graph':
      writer.message(6, (body) => writeGraph(body, attribute.value, new WeightPlacer()));
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

export function writeInitializer(
  writer: ProtobufWriter,
  { name, data }: Initializer,
  weights: WeightPlacer,
): void {
  writer.packedInts(1, data.dims).int(2, dtypeCodes[data.dtype]).string(8, name);
  weights.write(writer, data);
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
