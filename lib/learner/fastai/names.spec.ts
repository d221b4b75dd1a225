import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { VtsError } from '../errors/index.js';
import { UnsupportedModuleError } from '../onnx/errors.js';
import { allLowerings } from '../onnx/lowering/registry.js';
import { PyGlobal, PyObject, readTorchFile } from '../torch/index.js';
import { FastaiVersionError } from './errors.js';
import { openLearnerFile } from './learner-file.js';
import { openLoss } from './losses/open-loss.js';
import { readBatchTransform } from './vision/transforms/batch-transforms.js';
import { readItemTransform } from './vision/transforms/item-transforms.js';
import { doesNothing, unknownTransform } from './vision/transforms/neutral.js';

/** The classes and functions of fastai, fastcore and torchvision that netron met in people's files. */
const names = JSON.parse(
  readFileSync(
    fileURLToPath(new URL('../../../test/fixtures/names/netron.json', import.meta.url)),
    'utf8',
  ),
) as string[];

const OUTCOMES = {
  computed: 'Computed, as fastai or torchvision computes it',
  left: 'Left out: it has no effect in `predict`',
  kept: 'Kept as data: `predict` does not need it',
  old: 'Refused: the file is of fastai 1',
  refused: 'Refused if the model or its transforms use it',
} as const;

interface Outcome {
  readonly what: keyof typeof OUTCOMES;
  readonly error?: VtsError;
}

const globalOf = (name: string): PyGlobal => {
  const dot = name.lastIndexOf('.');
  return new PyGlobal(name.slice(0, dot), name.slice(dot + 1));
};

/** A torch stream, whose header is three pickles, that holds the names in a list. */
const streamOf = (list: readonly PyGlobal[]): Buffer => {
  const magic = '\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.';
  const globals = list.map(({ module, name }) => `c${module}\n${name}\n`).join('');
  return Buffer.from(`${magic}\x80\x02](${globals}e.\x80\x02].`, 'latin1');
};

const LAYERS =
  /^(torchvision\.(models|ops)|fastai\.(layers|tabular\.model|vision\.models|vision\.learner\.TimmBody))/;
const TRANSFORMS =
  /^(torchvision\.transforms|fastai\.vision\.augment|fastai\.data\.transforms\.(?!Category)|fastai\.vision\.core\.AddMaskCodes)/;
/** Functions, weights' descriptions and the parts of training: no layer, whatever module they are of. */
const NO_LAYER =
  /\.(resnet\d+|vit_h_14|inception_v3|box_iou|sigmoid_focal_loss|Weights|EfficientNet_B3_Weights|\w+Tracer|ToTensorBase|FlattenedLoss)$/;
/** What transforms of the target, of rows and of the text do is read by other parts. */
const OTHER_TRANSFORMS =
  /\.(Categorize|MultiCategorize|OneHotEncode|RegressionSetup|Normalize|IntToFloatTensor|Categorify|FillMissing|ReadTabBatch|ColReader)$/;
const LOSSES = /^fastai\.losses\.(\w*Flat|LabelSmoothing\w*|FocalLoss)$/;
const OLD = /^fastai\.(basic_train|data_block|vision\.(image|data|transform))\./;

async function outcomeOf(name: string, lowered: ReadonlyMap<string, unknown>): Promise<Outcome> {
  const global = globalOf(name);
  if (OLD.test(name)) return { what: 'old', error: new FastaiVersionError(name) };
  if (lowered.has(name)) return { what: 'computed' };
  if (LAYERS.test(name) && !NO_LAYER.test(name)) {
    return { what: 'refused', error: new UnsupportedModuleError('body', name) };
  }
  if (LOSSES.test(name)) {
    const loss = new PyObject(global, []);
    await openLoss({ loss, kind: 'vision' } as never, {});
    return { what: 'computed' };
  }
  if (name.startsWith('fastai.') && OTHER_TRANSFORMS.test(name)) return { what: 'computed' };
  if (TRANSFORMS.test(name) && /^[A-Z]/.test(global.name)) return transformOutcome(global);
  return { what: 'kept' };
}

function transformOutcome(global: PyGlobal): Outcome {
  const record = new PyObject(global, []);
  try {
    if (readItemTransform(record) ?? readBatchTransform(record)) return { what: 'computed' };
  } catch (error) {
    // It is known, and looks for its attributes.
    if (error instanceof VtsError) return { what: 'computed' };
    throw error;
  }
  if (doesNothing(record)) return { what: 'left' };
  return { what: 'refused', error: unknownTransform(record) };
}

describe('The names of fastai, fastcore and torchvision in files', () => {
  const outcomes = new Map<string, Outcome>();

  beforeAll(async () => {
    const lowered = await allLowerings();
    for (const name of names) outcomes.set(name, await outcomeOf(name, lowered));
  });

  it('are read as data and never looked up', () => {
    const globals = names.map(globalOf);
    const { root, globals: seen } = readTorchFile(streamOf(globals));
    expect(root).toEqual(globals);
    expect(seen.map(({ qualifiedName }) => qualifiedName).sort()).toEqual([...names].sort());
  });

  it('are known, or refused by a message with the name and a remedy', () => {
    for (const [name, { what, error }] of outcomes) {
      expect(error === undefined, name).toBe(!['old', 'refused'].includes(what));
      if (!error) continue;
      expect(error.message).toContain(name);
      expect(error.message).toMatch(/export|load|give/i);
    }
  });

  it('of fastai 1 refuse the file', () => {
    for (const [name, { what }] of outcomes) {
      if (what !== 'old' || !/basic_train|data_block|vision\.image/.test(name)) continue;
      expect(() => openLearnerFile(streamOf([globalOf(name)]))).toThrow(FastaiVersionError);
    }
  });

  it('are listed in docs/names.md; npm run docs:names writes it', async () => {
    const listing = (Object.keys(OUTCOMES) as Outcome['what'][]).map((what) => {
      const list = names.filter((name) => outcomes.get(name)?.what === what);
      const shown = list.map((name) => `\`${name}\``).join(' ');
      return `## ${OUTCOMES[what]}\n\n${list.length} names. ${shown}\n`;
    });
    const page = `# Names in files\n\n${INTRODUCTION}\n\n${listing.join('\n')}`;
    await expect(page).toMatchFileSnapshot(
      fileURLToPath(new URL('../../../docs/names.md', import.meta.url)),
    );
  });
});

const INTRODUCTION =
  'This page lists the names of classes and functions that published files use. They are all names of fastai, fastcore and\n' +
  'torchvision that [netron](https://github.com/lutzroeder/netron) has found in files. Each list says what happens to its names here. If a name\n' +
  'is refused, the error says so when the file is loaded. For a layer, load an ONNX file in its place (`{ onnx }`). For a\n' +
  'transform, use `{ code }` or `{ trainingOnly }`.';
