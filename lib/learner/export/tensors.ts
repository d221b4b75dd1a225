import { Tensor } from 'onnxruntime-common';
import type { LearnerDescription } from '../fastai/contract.js';
import { GraphBuilder } from '../onnx/graph-builder.js';
import type { Graph } from '../onnx/graph.js';
import type { InputPlan } from '../pytorch/index.js';
import { wrapTexts } from './texts.js';
import { plainWrapping, type Wrapping } from './wrapping.js';

/** Arrays, such as series: the input is float32, after the learner's transforms. */
export function wrapArrays(graph: Graph): Wrapping {
  return plainWrapping(new Map(), { given: 'what the transforms of the learner leave' }, [
    notPrepared(graph.inputs.map(({ name }) => name)),
  ]);
}

/** Several inputs, by their names in an item, if each of them is one tensor. */
export function wrapSeveral(graph: Graph, inputs: LearnerDescription['inputs'] = []): Wrapping {
  const own = graph.inputs.map(({ name }) => name);
  const theirs = inputs.map(({ name }) => name.replaceAll(/\W+/g, '_'));
  const fits = theirs.length === own.length && new Set(theirs).size === own.length;
  const names = new Map(fits ? own.map((name, i) => [name, theirs[i]!]) : []);
  return plainWrapping(
    names,
    { inputs: inputs.map(({ name, kind }) => ({ name, kind })), given: 'tensors after transforms' },
    [notPrepared(fits ? theirs : own)],
  );
}

const notPrepared = (names: readonly string[]): string =>
  `The inputs (${names.join(', ')}) are tensors as the model takes them, after the learner's ` +
  'transforms.';

/**
 * A language model: ids, and the state after the text before them, which is zeros at the beginning.
 */
export function wrapLanguage(graph: Graph, vocabSize: number): Wrapping {
  const builder = new GraphBuilder('ids');
  for (const { name, dtype, shape } of graph.inputs) {
    const value = builder.input(`given.${name}`, dtype === 'int32' ? 'int64' : dtype, shape ?? []);
    builder.output(name, dtype === 'int32' ? builder.op('Cast', [value], { to: 'int32' }) : value);
  }
  return {
    before: builder.finish(),
    inputs: new Map(graph.inputs.map(({ name }) => [`given.${name}`, name])),
    feeds: ({ feeds }) => widened(feeds as Readonly<Record<string, Tensor>>),
    preprocessing: {
      ids: 'indexes of tokens in vocab.txt (one token a line, from 0); rows of one length',
      state: 'zeros at the beginning of a text, then next_state of the previous part',
      vocab_size: vocabSize,
    },
  };
}

/** The PyTorch layer: tensors as it takes them. */
export function wrapTensors(graph: Graph, plan: InputPlan): Wrapping {
  if (plan.text) return wrapTexts(graph, plan.text);
  const isNarrow = plan.inputs.map(({ dtype, feed }) => dtype === 'int64' && feed === 'int32');
  if (!isNarrow.includes(true)) return plainWrapping(new Map(), {});
  const builder = new GraphBuilder('inputs');
  graph.inputs.forEach(({ name, dtype, shape }, i) => {
    const value = builder.input(`given.${name}`, isNarrow[i] ? 'int64' : dtype, shape ?? []);
    builder.output(name, isNarrow[i] ? builder.op('Cast', [value], { to: 'int32' }) : value);
  });
  return {
    before: builder.finish(),
    inputs: new Map(graph.inputs.map(({ name }) => [`given.${name}`, name])),
    feeds: ({ feeds }) => widened(feeds as Readonly<Record<string, Tensor>>),
    preprocessing: {},
  };
}

/** Ids with torch's dtype. */
function widened(feeds: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, tensor]) => [
      name,
      tensor.type === 'int32'
        ? new Tensor('int64', BigInt64Array.from(tensor.data as Int32Array, BigInt), tensor.dims)
        : tensor,
    ]),
  );
}
