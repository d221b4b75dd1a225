import { Tensor } from 'onnxruntime-common';
import { asNumber, asString, PyObject, type PyValue } from '../torch/index.js';
import type { LearnerOptions } from '../fastai/contract.js';
import { transformName } from '../fastai/data/pipeline.js';
import type { LearnerFile } from '../fastai/learner-file.js';
import { modeOf, readInput } from '../fastai/vision/image-input.js';
import { RESAMPLES } from '../fastai/vision/image/filters.js';
import { toPair } from '../fastai/vision/transforms/attributes.js';
import { readBatchTransform } from '../fastai/vision/transforms/batch-transforms.js';
import { readItemTransform } from '../fastai/vision/transforms/item-transforms.js';
import { doesNothing, transformTitle } from '../fastai/vision/transforms/neutral.js';
import { GraphBuilder } from '../onnx/graph-builder.js';
import type { Graph } from '../onnx/graph.js';
import { plainWrapping, type Wrapping } from './wrapping.js';

interface Step {
  readonly op: 'Div' | 'Sub';
  readonly by: Float32Array;
}

/** The effect of the last batch transforms on each value. */
interface ValueSteps {
  readonly steps: readonly Step[];
  /** Earlier transforms that work on whole images, by title. */
  readonly before: readonly string[];
}

/** Images: the input is pixels after decoding and resizing. */
export function wrapImages(
  file: LearnerFile,
  { trainingOnly }: LearnerOptions,
  graph: Graph,
  { normalize = true, pixels = 'uint8' }: { normalize?: boolean; pixels?: 'uint8' | 'float32' },
): Wrapping {
  const { steps, before: earlier } = valueSteps(file, trainingOnly);
  const [model] = graph.inputs;
  const facts = preparationOf(file, trainingOnly);
  const outside = { layout: 'channels first', ...facts, transforms: [...facts.transforms] };
  if (!model || !normalize || steps.length === 0) {
    const given = { ...outside, steps: described(steps), inside: [] };
    const last = normalize ? earlier.at(-1) : undefined;
    return plainWrapping(
      new Map(model ? [[model.name, 'image']] : []),
      given,
      last === undefined ? [] : [`Images are the input of the model, after "${last}".`],
    );
  }
  // Bytes are divided first; an image that was resized in the batch no longer holds bytes.
  const [first] = steps;
  const isByte = earlier.length === 0 && first?.op === 'Div' && first.by.length === 1;
  const asByte = isByte && pixels === 'uint8';
  const inside = isByte && !asByte ? steps.slice(1) : steps;
  const range = asByte ? [0, 255] : [0, first?.op === 'Div' && !isByte ? 255 : 1];
  const notes =
    !isByte && pixels === 'uint8'
      ? [
          `Pixels are float32 from ${range[0]} to ${range[1]}: ${earlier.length > 0 ? `"${earlier.at(-1)}" comes between them and the normalization` : 'the learner does not divide bytes'}.`,
        ]
      : [];
  const [batch = 'batch', channels = null, height = null, width = null] = model.shape ?? [];
  // Statistics of three channels turn a grey image into three channels.
  const given = facts.mode === 'L' ? 1 : channels;
  const builder = new GraphBuilder('pixels');
  const image = builder.input('given', asByte ? 'uint8' : 'float32', [batch, given, height, width]);
  const start = asByte ? builder.op('Cast', [image], { to: 'float32' }) : image;
  const end = inside.reduce(
    (x, { op, by }) => builder.op(op, [x, builder.constant(by, 'float32', dimsOf(by))]),
    start,
  );
  builder.output(model.name, end);
  return {
    before: builder.finish(),
    inputs: new Map([['given', 'image']]),
    feeds: ({ feeds }) => {
      const { data, dims } = feeds[model.name] as Tensor;
      const kept = given === 1 ? 1 : dims[1]!;
      const size = dims.slice(2).reduce((product, each) => product * each, 1);
      const values = Array.from({ length: kept * size }, (_, i) =>
        undone(inside, (data as Float32Array)[i]!, Math.floor(i / size)),
      );
      const shape = [1, kept, ...dims.slice(2)];
      return {
        image: asByte
          ? new Tensor('uint8', Uint8Array.from(values, Math.round), shape)
          : new Tensor('float32', Float32Array.from(values), shape),
      };
    },
    preprocessing: { ...outside, range, steps: [], inside: described(inside) },
    notes,
  };
}

const dimsOf = (by: Float32Array): number[] => (by.length === 1 ? [] : [1, by.length, 1, 1]);

function undone(steps: readonly Step[], value: number, channel: number): number {
  return steps.reduceRight((x, { op, by }) => {
    const operand = by.length === 1 ? by[0]! : by[channel]!;
    return op === 'Div' ? x * operand : x + operand;
  }, value);
}

const described = (steps: readonly Step[]) =>
  steps.map(({ op, by }) => ({ op: op === 'Div' ? 'divide' : 'subtract', by: [...by] }));

function valueSteps({ dls }: LearnerFile, trainingOnly?: readonly string[]): ValueSteps {
  let steps: Step[] = [];
  const before: string[] = [];
  for (const record of dls.afterBatch) {
    const known =
      readBatchTransform(record) ?? (doesNothing(record, trainingOnly) ? [] : undefined);
    if (known === undefined || known.some(({ kind }) => kind === 'image')) {
      before.push(transformTitle(record));
      steps = [];
    } else for (const each of known) if (each.kind === 'value') steps.push(...each.steps);
  }
  return { steps, before };
}

/** The preprocessing of an image, as the file's metadata describes it. */
function preparationOf(file: LearnerFile, trainingOnly?: readonly string[]) {
  const { dls } = file;
  const records = [...dls.afterItem, ...dls.afterBatch];
  const known = readInput(file).opensAs;
  const mode = known === undefined ? undefined : modeOf(known);
  return {
    mode: mode ?? 'RGB',
    transforms: records
      .filter((record) => !doesNothing(record, trainingOnly) && !isOfValues(record))
      .map((record) => ({
        name: transformTitle(record),
        ...(readItemTransform(record) === undefined && readBatchTransform(record) === undefined
          ? { code: true }
          : attributesOf(record)),
      })),
  };
}

const isOfValues = (record: PyValue): boolean =>
  readBatchTransform(record)?.every(({ kind }) => kind === 'value') === true;

/** Sizes are [width, height], as in Pillow. */
function attributesOf(record: PyValue): Record<string, unknown> {
  if (!(record instanceof PyObject)) return {};
  const size = toPair(record.attr('size'));
  const method = asString(record.attr('method'));
  const padMode = asString(record.attr('pad_mode'));
  const mode = record.attr('mode');
  const filter = asNumber(mode instanceof PyObject ? mode.args[0] : mode);
  const resample = filter === undefined ? asString(mode) : RESAMPLES[filter];
  // Batch transforms put height before width.
  const isOfBatch = readBatchTransform(record) !== undefined;
  return {
    kind: transformName(record),
    ...(size && { size: isOfBatch ? [size[1], size[0]] : size }),
    ...(method !== undefined && { method }),
    ...(padMode !== undefined && { pad_mode: padMode }),
    ...(resample !== undefined && { resample }),
  };
}
