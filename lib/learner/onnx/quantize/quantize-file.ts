import { readFileSync } from 'node:fs';
import { namesTaken, readNode, type FileNode } from '../proto/file-node.js';
import { dataFile, externalElements, readTensor, type FileTensor } from '../proto/file-tensor.js';
import { externalFiles } from '../proto/external-files.js';
import {
  finishModel,
  writeInitializer,
  writeNode,
  type WritableModel,
  type WrittenModel,
} from '../proto/model-writer.js';
import { fields, holders, type Holder } from '../proto/onnx-fields.js';
import { bodyIn, fieldsOf, textIn } from '../proto/protobuf-reader.js';
import { ProtobufWriter } from '../proto/protobuf-writer.js';
import { WeightPlacer, type WriteModelOptions } from '../proto/weight-placer.js';
import type { Initializer, Node } from '../graph.js';
import { fileWeights, isCarrier } from './file-weights.js';
import { WeightQuantizer } from './weight-quantizer.js';

/** The first version in which an initializer need not also be an input of the graph. */
const IR_VERSION = 4;
const DOMAIN = 'com.microsoft';

/** An ONNX file with weights in 8 bits. */
export interface QuantizedFile extends WritableModel {
  /** Its sources: the file or bytes, and the files beside it. */
  readonly sources: readonly (string | Uint8Array)[];
}

/**
 * An ONNX file with the weights of matrix products and LSTMs in 8 bits, as in `quantizeGraph`.
 * Everything else stays the same, with two exceptions: weights of other files move into the file
 * beside the new model, and initializers are no longer inputs of the graph.
 *
 * @param source Path of the file, or its bytes.
 * @returns undefined if nothing in it can be quantized, or the bytes are not a model.
 * @throws SessionCreationError if a file with its weights is missing.
 */
export function quantizeFile(source: string | Uint8Array): QuantizedFile | undefined {
  const bytes = typeof source === 'string' ? readFileSync(source) : source;
  const path = typeof source === 'string' ? source : undefined;
  const files = externalFiles(bytes);
  const graph = files && bodyIn(bytes, fields.model.graph);
  if (!graph) return undefined;
  const nodes: FileNode[] = [];
  const initializers: FileTensor[] = [];
  const outputs: string[] = [];
  for (const { number, body } of fieldsOf(graph)) {
    if (number === fields.graph.node) nodes.push(readNode(body));
    if (number === fields.graph.initializer) initializers.push(readTensor(body, path));
    if (number === fields.graph.output) outputs.push(textIn(body, fields.value.name));
  }
  const quantizer = new WeightQuantizer(fileWeights(initializers, nodes, path));
  const changed = new Map<FileNode, Node>();
  for (const each of nodes) {
    const node = quantizer.node(each.node);
    if (node !== each.node) changed.set(each, node);
  }
  if (changed.size === 0) return undefined;
  const { used, dead } = liveness(nodes, changed, outputs);
  const rewriter = new Rewriter(path, {
    nodes: nodes.map((each) => (dead.has(each) ? undefined : (changed.get(each) ?? each))),
    constants: new Set(initializers.map(({ name }) => name)),
    kept: initializers.map(({ name }) => used.has(name)),
    added: quantizer.added,
  });
  return {
    sources: [source, ...[...files].map((file) => dataFile(file, path).path)],
    write: (options) => rewriter.write(bytes, graph, options),
  };
}

/** Which values are used, and which nodes only passed on weights that are no longer used. */
function liveness(
  nodes: readonly FileNode[],
  changed: ReadonlyMap<FileNode, Node>,
  outputs: readonly string[],
): { used: ReadonlySet<string>; dead: ReadonlySet<FileNode> } {
  const used = new Set(outputs);
  const dead = new Set<FileNode>();
  for (const each of [...nodes].reverse()) {
    if (isCarrier(each) && !each.node.outputs.some((name) => used.has(name))) {
      dead.add(each);
      continue;
    }
    for (const name of changed.get(each)?.inputs ?? namesTaken(each.message)) used.add(name);
  }
  return { used, dead };
}

interface Changes {
  /** The nodes of the file in order: undefined for omitted nodes. */
  readonly nodes: readonly (Node | FileNode | undefined)[];
  /** Names of the file's initializers. */
  readonly constants: ReadonlySet<string>;
  /** Whether each of them is used, in order. */
  readonly kept: readonly boolean[];
  readonly added: readonly Initializer[];
}

/** Writes a file's messages again, with changes to its graph. */
class Rewriter {
  constructor(
    private readonly path: string | undefined,
    private readonly changes: Changes,
  ) {}

  write(model: Uint8Array, graph: Uint8Array, options: WriteModelOptions): WrittenModel {
    const weights = new WeightPlacer(options);
    const writer = new ProtobufWriter();
    const domains = new Set<string>();
    let version = 0;
    for (const { number, int, body } of fieldsOf(model)) {
      if (number === fields.model.irVersion) version = int;
      if (number === fields.model.opset) domains.add(textIn(body, fields.opset.domain));
    }
    writer.int(fields.model.irVersion, Math.max(version, IR_VERSION));
    for (const { number, body, whole } of fieldsOf(model)) {
      if (number === fields.model.irVersion) continue;
      if (number === fields.model.graph) {
        writer.message(number, (inner) => this.#graph(inner, graph, weights));
      } else if (holders.model[number]) {
        writer.message(number, (inner) => this.#copy(inner, 'function', body, weights));
      } else writer.raw(whole);
    }
    if (domains.size === 0) addOpset(writer, '');
    if (!domains.has(DOMAIN)) addOpset(writer, DOMAIN);
    return finishModel(writer, weights);
  }

  #graph(writer: ProtobufWriter, graph: Uint8Array, weights: WeightPlacer): void {
    const { nodes, constants, kept, added } = this.changes;
    let next = 0;
    let tensor = 0;
    for (const { number, body, whole } of fieldsOf(graph)) {
      if (number === fields.graph.node) {
        const node = nodes[next++];
        if (!node) continue;
        writer.message(number, (inner) => {
          if ('message' in node) this.#copy(inner, 'node', node.message, weights);
          else writeNode(inner, node);
        });
      } else if (number === fields.graph.initializer) {
        if (!kept[tensor++]) continue;
        writer.message(number, (inner) => this.#tensor(inner, body, weights));
      } else if (holders.graph[number] === 'sparse') {
        writer.message(number, (inner) => this.#copy(inner, 'sparse', body, weights));
      } else if (number !== fields.graph.input || !constants.has(textIn(body, fields.value.name))) {
        writer.raw(whole);
      }
    }
    for (const initializer of added) {
      writer.message(fields.graph.initializer, (inner) =>
        writeInitializer(inner, initializer, weights),
      );
    }
  }

  /** The same message with new tensor locations. */
  #copy(writer: ProtobufWriter, holder: Holder, message: Uint8Array, weights: WeightPlacer): void {
    for (const { number, delimited, body, whole } of fieldsOf(message)) {
      const inner = delimited ? holders[holder][number] : undefined;
      if (inner === undefined) writer.raw(whole);
      else {
        writer.message(number, (nested) => {
          if (inner === 'tensor') this.#tensor(nested, body, weights);
          else this.#copy(nested, inner, body, weights);
        });
      }
    }
  }

  #tensor(writer: ProtobufWriter, message: Uint8Array, weights: WeightPlacer): void {
    const elements = externalElements(message, this.path);
    const { external, location } = fields.tensor;
    for (const { number, whole } of fieldsOf(message)) {
      if (!elements || (number !== external && number !== location)) writer.raw(whole);
    }
    if (elements) weights.write(writer, elements);
  }
}

function addOpset(writer: ProtobufWriter, domain: string): void {
  writer.message(fields.model.opset, (opset) =>
    opset.string(fields.opset.domain, domain).int(fields.opset.version, 1),
  );
}
