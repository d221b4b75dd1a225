import { describe, expect, it } from 'vitest';
import type { LearnerDescription } from '../../learner/fastai/contract.js';
import type { LearnerFlags } from '../learner-options.js';
import { createProgram } from '../program.js';
import { checkApplicable, checkTogether, type PredictOptions } from './given-options.js';

const learners: Record<string, LearnerDescription | undefined> = {
  text: { kind: 'text', task: 'classify' },
  image: { kind: 'vision', task: 'classify' },
  mask: { kind: 'vision', task: 'segment' },
  picture: { kind: 'vision', task: 'image' },
  rows: { kind: 'tabular', task: 'regress' },
  collab: { kind: 'collab', task: 'regress' },
  lm: { kind: 'lm', task: 'generate' },
  array: { kind: 'array', task: 'classify' },
  module: undefined,
};
const all = Object.keys(learners);

/** Every option: a use of it, and the learners that have one; it is an error for the others. */
const uses: Record<string, { given: PredictOptions & LearnerFlags; by: readonly string[] }> = {
  code: { given: { code: ['model.py'] }, by: all },
  onnx: { given: { onnx: 'model.onnx' }, by: all.filter((name) => name !== 'module') },
  activation: { given: { activation: 'softmax' }, by: all.filter((name) => name !== 'module') },
  trainingOnly: { given: { trainingOnly: ['Augment'] }, by: ['image', 'mask', 'picture', 'array'] },
  tokenizer: { given: { tokenizer: 'spm.model' }, by: ['text', 'lm'] },
  csv: {
    given: { csv: 'a.csv' },
    by: all.filter((name) => name !== 'module' && name !== 'array'),
  },
  column: { given: { csv: 'a.csv', column: 'a' }, by: ['text', 'image', 'mask', 'picture', 'lm'] },
  out: { given: { out: 'a.png' }, by: ['mask', 'picture'] },
  force: { given: { out: 'a.png', force: true }, by: ['mask', 'picture'] },
  tta: { given: { tta: 4 }, by: ['image'] },
  output: { given: { output: 'json' }, by: all },
  words: { given: { words: 3 }, by: ['lm'] },
  temperature: { given: { temperature: 0.5 }, by: ['lm'] },
  minP: { given: { minP: 0.1 }, by: ['lm'] },
  seed: { given: { seed: 1 }, by: ['lm'] },
  stop: { given: { stop: '.' }, by: ['lm'] },
};

describe('options of predict', () => {
  it('are all listed in this table', () => {
    const command = createProgram().commands.find((each) => each.name() === 'predict')!;
    const known = [...Object.keys(uses), 'home', 'debug'];
    expect(command.options.map((option) => option.attributeName()).sort()).toEqual(known.sort());
  });

  const cases = Object.entries(uses).flatMap(([option, { given, by }]) =>
    all.map((learner) => [option, learner, by.includes(learner), given] as const),
  );

  it.each(cases)('%s for %s: %s', (option, learner, applies, given) => {
    checkTogether(given.csv === undefined ? ['x'] : [], given);
    const check = (): void => checkApplicable(learners[learner], given);
    if (applies) expect(check).not.toThrow();
    else expect(check).toThrow(/^--[a-z-]+ is for .*, but this is an? /);
    expect(option in given).toBe(true);
  });

  it.each<[string, readonly string[], PredictOptions, string]>([
    ['no input', [], {}, 'No input to predict from'],
    ['inputs and --csv', ['x'], { csv: 'a.csv' }, 'cannot be combined'],
    ['--column alone', ['x'], { column: 'a' }, '--column does nothing without --csv'],
    ['--force alone', ['x'], { force: true }, '--force does nothing without --out'],
    ['--output with --csv', [], { csv: 'a.csv', output: 'table' }, '--output does not apply'],
  ])('refuses %s', (_name, inputs, options, reason) => {
    expect(() => checkTogether(inputs, options)).toThrow(reason);
  });
});
