/** Fields that lead to tensors, by message. */
const MODEL = { graph: 7, functions: 25 };
const GRAPH = { node: 1, initializer: 5, sparse: 15 };
const NODE = { attribute: 5 };
const FUNCTION = { node: 7 };
const ATTRIBUTE = { tensor: 5, graph: 6, tensors: 10, graphs: 11, sparse: 22, sparses: 23 };
const SPARSE = { values: 1, indices: 2 };
const TENSOR = { external: 13 };
const ENTRY = { key: 1, value: 2 };

/**
 * The files that an ONNX model keeps tensors in, as it names them: relative to its own folder.
 *
 * @returns undefined where the bytes are no such message.
 * @internal
 */
export function externalFiles(model: Uint8Array): ReadonlySet<string> | undefined {
  const files = new Set<string>();
  const tensor = (bytes: Uint8Array): void =>
    fields(bytes, (field, body) => {
      if (field !== TENSOR.external) return;
      let key = '';
      let value = '';
      fields(body, (part, text) => {
        if (part === ENTRY.key) key = Buffer.from(text).toString('utf8');
        if (part === ENTRY.value) value = Buffer.from(text).toString('utf8');
      });
      if (key === 'location') files.add(value);
    });
  const sparse = (bytes: Uint8Array): void =>
    fields(bytes, (field, body) => {
      if (field === SPARSE.values || field === SPARSE.indices) tensor(body);
    });
  const node = (bytes: Uint8Array): void =>
    fields(bytes, (field, body) => {
      if (field === NODE.attribute) attribute(body);
    });
  const attribute = (bytes: Uint8Array): void =>
    fields(bytes, (field, body) => {
      if (field === ATTRIBUTE.tensor || field === ATTRIBUTE.tensors) tensor(body);
      if (field === ATTRIBUTE.graph || field === ATTRIBUTE.graphs) graph(body);
      if (field === ATTRIBUTE.sparse || field === ATTRIBUTE.sparses) sparse(body);
    });
  const graph = (bytes: Uint8Array): void =>
    fields(bytes, (field, body) => {
      if (field === GRAPH.node) node(body);
      if (field === GRAPH.initializer) tensor(body);
      if (field === GRAPH.sparse) sparse(body);
    });
  try {
    fields(model, (field, body) => {
      if (field === MODEL.graph) graph(body);
      if (field === MODEL.functions) {
        fields(body, (part, inner) => part === FUNCTION.node && node(inner));
      }
    });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return files;
}

/** Calls back for each field of a message that holds bytes. @throws RangeError where it is no message. */
function fields(bytes: Uint8Array, visit: (field: number, body: Uint8Array) => unknown): void {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1, count = 0; count < 10; scale *= 128, count++) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a number is cut off');
  };
  const skip = (length: number): number => {
    const start = at;
    at += length;
    if (at > bytes.length) throw new RangeError('a field is cut off');
    return start;
  };
  while (at < bytes.length) {
    const tag = varint();
    const type = tag % 8;
    if (type === 0) varint();
    else if (type === 1) skip(8);
    else if (type === 5) skip(4);
    else if (type === 2) {
      const length = varint();
      const start = skip(length);
      visit(Math.floor(tag / 8), bytes.subarray(start, start + length));
    } else throw new RangeError('a field is of no known type');
  }
}
