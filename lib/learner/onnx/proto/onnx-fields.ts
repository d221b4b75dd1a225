import type { Attribute } from '../graph.js';

/** Field numbers of the messages of onnx.proto that this package reads. */
export const fields = {
  model: { irVersion: 1, graph: 7, opset: 8 },
  opset: { domain: 1, version: 2 },
  graph: { node: 1, initializer: 5, input: 11, output: 12 },
  node: { input: 1, output: 2, name: 3, op: 4, attribute: 5, domain: 7 },
  attribute: {
    name: 1,
    float: 2,
    int: 3,
    string: 4,
    tensor: 5,
    graph: 6,
    floats: 7,
    ints: 8,
    strings: 9,
    type: 20,
  },
  tensor: { dims: 1, dataType: 2, floats: 4, name: 8, raw: 9, external: 13, location: 14 },
  entry: { key: 1, value: 2 },
  value: { name: 1 },
} as const;

/** Messages that contain tensors. */
export type Holder = 'model' | 'graph' | 'function' | 'node' | 'attribute' | 'sparse';

/** The path to tensors: the message of each field, by field number. */
export const holders: Readonly<Record<Holder, Readonly<Record<number, Holder | 'tensor'>>>> = {
  model: { 7: 'graph', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  function: { 7: 'node' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
};

/** `AttributeProto.AttributeType`. */
export const attributeTypes: Readonly<Record<Attribute['kind'], number>> = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
};
