import type { Attribute, Node } from '../graph.js';
import { attributeTypes, fields, holders, type Holder } from './onnx-fields.js';
import { fieldsOf, intsOf, textIn, textOf } from './protobuf-reader.js';

/** A node of an ONNX file. */
export interface FileNode {
  /** Attributes, without tensors, graphs and types. */
  readonly node: Node;
  /** The message of a Constant's attribute `value`. */
  readonly value: Uint8Array | undefined;
  readonly message: Uint8Array;
}

export function readNode(message: Uint8Array): FileNode {
  let [name, op, domain] = ['', '', ''];
  const [inputs, outputs]: [string[], string[]] = [[], []];
  const attributes = new Map<string, Attribute>();
  let value: Uint8Array | undefined;
  for (const { number, body } of fieldsOf(message)) {
    if (number === fields.node.input) inputs.push(textOf(body));
    else if (number === fields.node.output) outputs.push(textOf(body));
    else if (number === fields.node.attribute) {
      const read = readAttribute(body);
      if (read.attribute) attributes.set(read.name, read.attribute);
      if (read.name === 'value') value = read.tensor;
    } else if (number === fields.node.name) name = textOf(body);
    else if (number === fields.node.op) op = textOf(body);
    else if (number === fields.node.domain) domain = textOf(body);
  }
  return { node: { name, op, domain, inputs, outputs, attributes }, value, message };
}

interface FileAttribute {
  readonly name: string;
  readonly attribute: Attribute | undefined;
  readonly tensor: Uint8Array | undefined;
}

const kinds = new Map(Object.entries(attributeTypes).map(([kind, type]) => [type, kind]));

function readAttribute(message: Uint8Array): FileAttribute {
  const numbers = fields.attribute;
  let [name, type, float, int, string] = ['', 0, 0, 0, ''];
  const [floats, ints, strings]: [number[], number[], string[]] = [[], [], []];
  let tensor: Uint8Array | undefined;
  for (const field of fieldsOf(message)) {
    const { number, body } = field;
    if (number === numbers.name) name = textOf(body);
    else if (number === numbers.type) type = field.int;
    else if (number === numbers.float) float = floatsIn(body)[0] ?? 0;
    else if (number === numbers.int) int = field.int;
    else if (number === numbers.string) string = textOf(body);
    else if (number === numbers.tensor) tensor = body;
    else if (number === numbers.floats) floats.push(...floatsIn(body));
    else if (number === numbers.ints) ints.push(...intsOf(field));
    else if (number === numbers.strings) strings.push(textOf(body));
  }
  const kind = kinds.get(type) ?? '';
  const values = { float, int, string, floats, ints, strings };
  if (!(kind in values)) return { name, attribute: undefined, tensor };
  const value = values[kind as keyof typeof values];
  return { name, attribute: { kind, value } as Attribute, tensor };
}

function floatsIn(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength >> 2 }, (_, i) => view.getFloat32(i * 4, true));
}

/** Names of a node's operands: its inputs, and outside values that its subgraphs may use. */
export function* namesTaken(message: Uint8Array, holder: Holder = 'node'): Generator<string> {
  for (const { number, delimited, body } of fieldsOf(message)) {
    const inner = delimited ? holders[holder][number] : undefined;
    if (holder === 'node' && number === fields.node.input) yield textOf(body);
    else if (holder === 'graph' && number === fields.graph.output)
      yield textIn(body, fields.value.name);
    else if (inner === 'graph' || inner === 'node' || inner === 'attribute') {
      yield* namesTaken(body, inner);
    }
  }
}
