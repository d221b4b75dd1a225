import { Tensor } from 'onnxruntime-common';
import { asBool, asNumber, PyObject, PyPartial, type PyValue } from '../../torch/index.js';
import { transformName } from '../data/pipeline.js';
import { isBranch, type Leaf, type Tree } from './leaves.js';

/** fastai's defaults for `pad_chunk`. */
interface Padding {
  readonly id: number;
  readonly first: boolean;
  readonly chunk: number;
}

/**
 * Pads texts to one length. A single item is padded if it has several texts: `Pad_Chunk` uses the
 * longest of them. The other transforms pad each field separately, which does not change a single
 * item.
 */
export function padTexts(tree: Tree, record: PyValue): Tree {
  if (!isBranch(tree)) return tree;
  const count = padded(record, tree.length);
  const isText = (leaf: Tree, index: number): leaf is Leaf & { kind: 'tensor' } =>
    index < count && !isBranch(leaf) && leaf.kind === 'tensor' && leaf.cls === 'TensorText';
  const length = Math.max(...tree.map((leaf, i) => (isText(leaf, i) ? leaf.tensor.dims[0]! : 0)));
  const how = paddingOf(record);
  return tree.map((leaf, i) =>
    isText(leaf, i) ? { ...leaf, tensor: paddedTo(leaf.tensor, length, how) } : leaf,
  );
}

/** How many inputs share the length of the longest. */
function padded(record: PyValue, inputs: number): number {
  if (record instanceof PyObject && transformName(record) === 'Pad_Chunk') return inputs;
  if (!(record instanceof PyPartial) || transformName(record.func) !== 'pad_input_chunk') return 0;
  return asNumber(record.kwargs.get('n_inp')) ?? 1;
}

function paddingOf(record: PyValue): Padding {
  const given = (name: string): PyValue | undefined =>
    record instanceof PyPartial
      ? record.kwargs.get(name)
      : record instanceof PyObject
        ? record.attr(name)
        : undefined;
  return {
    id: asNumber(given('pad_idx')) ?? 1,
    first: asBool(given('pad_first')) ?? true,
    chunk: Math.max(1, asNumber(given('seq_len')) ?? 72),
  };
}

/** `pad_chunk`: whole chunks of padding go before the text, and the remainder after it. */
function paddedTo(text: Tensor, length: number, { id, first, chunk }: Padding): Tensor {
  const data = text.data as BigInt64Array;
  const missing = length - data.length;
  if (missing <= 0) return text;
  const before = first ? missing - (missing % chunk) : 0;
  const out = new BigInt64Array(length).fill(BigInt(id));
  out.set(data, before);
  return new Tensor('int64', out, [length]);
}
