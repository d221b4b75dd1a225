import { readTarget } from '../../learner/fastai/data/target.js';
import { transformName } from '../../learner/fastai/data/pipeline.js';
import type { LearnerOptions } from '../../learner/fastai/contract.js';
import {
  UnknownTextRuleError,
  UnsupportedLearnerError,
  UnsupportedTokenizerError,
} from '../../learner/fastai/errors.js';
import type { LearnerFile } from '../../learner/fastai/learner-file.js';
import type { TextPipeline } from '../../learner/fastai/text/text-pipeline.js';
import { asItems, PyObject, type PyValue } from '../../learner/torch/index.js';
import { readTransforms } from '../../learner/fastai/data/pipeline.js';
import type { Findings } from './findings.js';

/** The options of `Learner.load` that prevent a problem from hiding the next ones. */
export type Overrides = { -readonly [K in keyof LearnerOptions]: LearnerOptions[K] };

/** Checks each transform separately, so that one does not hide the next. */
export async function checkTransforms(
  file: LearnerFile,
  findings: Findings,
  overrides: Overrides,
): Promise<void> {
  switch (file.kind) {
    case 'text':
    case 'lm':
      return checkTexts(file, findings, overrides);
    case 'vision':
      return checkImages(file, findings, overrides);
    case 'tabular':
    case 'collab':
      return checkRows(file, findings, overrides);
    case 'array':
      return checkArrays(file, findings, overrides);
    case 'mixed':
      return checkInputs(file, findings, overrides);
    case 'custom':
      return undefined;
  }
}

/** The transforms of the target, except for rows, whose procs decode it. */
export function checkTarget(file: LearnerFile, findings: Findings): void {
  for (const transform of file.dls.targets.flatMap(({ transforms }) => transforms)) {
    findings.attempt('target', () => readTarget([transform]));
  }
}

async function checkImages(
  file: LearnerFile,
  findings: Findings,
  options: Overrides,
): Promise<void> {
  const [{ readImageInput }, { readImageTarget }, { doesNothing }, items, batches] =
    await Promise.all([
      import('../../learner/fastai/vision/image-input.js'),
      import('../../learner/fastai/vision/image-target.js'),
      import('../../learner/fastai/vision/transforms/neutral.js'),
      import('../../learner/fastai/vision/transforms/item-transforms.js'),
      import('../../learner/fastai/vision/transforms/batch-transforms.js'),
    ]);
  const { inputs, afterItem, afterBatch } = file.dls;
  findings.attempt('target', () => readImageTarget(file, readTarget([])));
  const { hasOwnCode } = await import('../../learner/fastai/vision/own-code.js');
  if (hasOwnCode(file, options)) {
    await findings.attemptLater('transforms', async () => {
      const { CodePipeline } = await import('../../learner/fastai/vision/code-pipeline.js');
      await (await CodePipeline.open(file, options)).release();
    });
    return;
  }
  findings.attempt('inputs', () => readImageInput(file));
  // Each of several inputs can have a problem of its own.
  for (const input of inputs.length > 1 ? inputs : []) {
    findings.attempt('inputs', () =>
      readImageInput({ ...file, dls: { ...file.dls, inputs: [input] } }),
    );
  }
  const isUsed = (transform: PyValue): boolean => !doesNothing(transform, options.trainingOnly);
  for (const transform of afterItem.filter(isUsed)) {
    findings.attempt('transforms', () => items.readItemTransforms([transform]));
  }
  for (const transform of afterBatch.filter(isUsed)) {
    findings.attempt('transforms', () => batches.readBatchTransforms([transform]));
  }
}

async function checkArrays(
  file: LearnerFile,
  findings: Findings,
  options: Overrides,
): Promise<void> {
  const { ArrayPipeline } = await import('../../learner/fastai/arrays/array-pipeline.js');
  await findings.attemptLater('transforms', async () => {
    await (await ArrayPipeline.open(file, options)).release();
  });
}

async function checkInputs(
  file: LearnerFile,
  findings: Findings,
  options: Overrides,
): Promise<void> {
  const { readImageTarget } = await import('../../learner/fastai/vision/image-target.js');
  findings.attempt('target', () => readImageTarget(file, readTarget([])));
  await findings.attemptLater('transforms', async () => {
    const { Preparation } = await import('../../learner/fastai/mixed/preparation.js');
    await (await Preparation.open(file, options)).release();
  });
}

async function checkTexts(
  file: LearnerFile,
  findings: Findings,
  overrides: Overrides,
): Promise<void> {
  const [text, opening, { readRules }, { readTokenizer }] = await Promise.all([
    import('../../learner/fastai/text/text-pipeline.js'),
    import('../../learner/fastai/text/open-pipeline.js'),
    import('../../learner/fastai/text/rules/read-rules.js'),
    import('../../learner/fastai/text/read-tokenizer.js'),
  ]);
  const { transforms = [] } = file.dls.inputs[0] ?? {};
  findings.attempt('inputs', () => {
    const { length } = file.dls.inputs;
    if (length === 1) return;
    throw new UnsupportedLearnerError(
      `The learner takes ${length} inputs, but text learners take one text here`,
      'serve its model with a custom runner over its ONNX file',
    );
  });
  const given = await findings.attemptLater('tokenizer', () =>
    opening.givenTokenizer(file, overrides),
  );
  let tokenizer = given ? given.options.tokenizer : splitWords;
  if (!given) overrides.tokenizer = splitWords;
  const code = await opening.textCodeOf(file, tokenizer ? { tokenizer } : {});
  const rules: Record<string, (text: string) => string> = {};
  for (const record of transforms.filter((it) => transformName(it) === 'Tokenizer')) {
    for (const rule of rulesOf(record)) {
      findings.attempt('tokenizer', () =>
        passing(
          UnknownTextRuleError,
          () => readRules([rule], {}, code),
          ({ rule: name }) => {
            rules[name] = (text) => text;
          },
        ),
      );
    }
    findings.attempt('tokenizer', () =>
      passing(
        UnsupportedTokenizerError,
        () => readTokenizer(record, { rules, ...(tokenizer && { tokenizer }) }, code),
        () => {
          overrides.tokenizer = tokenizer = splitWords;
        },
      ),
    );
  }
  overrides.rules = rules;
  // After the tokenizer, one at a time. Before it are readers, which are only for training.
  const known = transforms.filter((it) => STAGES.includes(transformName(it)));
  const start = transforms.findIndex((it) => STAGES.includes(transformName(it)));
  const others = start < 0 ? [] : transforms.slice(start).filter((it) => !known.includes(it));
  const read = (stages: readonly PyValue[], types?: PyValue): TextPipeline => {
    const input = { transforms: stages, types };
    const options = { ...overrides, tokenizer };
    return text.TextPipeline.read(
      { ...file, dls: { ...file.dls, inputs: [input] } },
      options,
      code,
    );
  };
  for (const other of others) findings.attempt('transforms', () => read([...known, other]));
  const pipeline = findings.attempt('transforms', () =>
    read(transforms, file.dls.inputs[0]?.types),
  );
  if (pipeline) findings.attempt('tokenizer', () => given?.checkVocabulary(pipeline.vocab));
}

const splitWords = (text: string): string[] => text.split(/\s+/);

const STAGES = ['Tokenizer', 'Numericalize'];

function rulesOf(tokenizer: PyValue): PyValue[] {
  const rules = tokenizer instanceof PyObject ? tokenizer.attr('rules') : undefined;
  return asItems(rules) ?? [];
}

/** Reports an error of a class, and throws it again. */
function passing<T, E extends Error>(
  of: abstract new (...args: never[]) => E,
  work: () => T,
  tell: (error: E) => void,
): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof of) tell(error);
    throw error;
  }
}

async function checkRows(file: LearnerFile, findings: Findings, options: Overrides): Promise<void> {
  const { dataset, afterBatch } = file.dls;
  const { readProc, readTabularRecord } =
    await import('../../learner/fastai/tabular/tabular-record.js');
  if (!dataset) return;
  for (const proc of readTransforms(dataset.attr('procs'))) {
    const step = findings.attempt('transforms', () => readProc(proc));
    if (step?.kind !== 'code') continue;
    const { checkProc } = await import('../../learner/fastai/tabular/own/own-row-encoder.js');
    await findings.attemptLater('transforms', () => checkProc(step, options));
  }
  for (const transform of afterBatch) {
    if (transformName(transform) === 'ReadTabBatch') continue;
    findings.attempt('transforms', () => readTabularRecord(dataset, [transform]));
  }
}
