import { expect, it, vi } from 'vitest';
import { Learner } from './learner.js';

const loaded = vi.hoisted(() => new Set<string>());

vi.mock('../python/evaluator.js', (original) => {
  loaded.add('evaluator');
  return original();
});
vi.mock('../python/builtins/index.js', (original) => {
  loaded.add('builtins');
  return original();
});
vi.mock('../python/source/syntax/parser.js', (original) => {
  loaded.add('parser');
  return original();
});
vi.mock('../onnx/torch-ops/tables.js', (original) => {
  loaded.add('operations of torch');
  return original();
});
vi.mock('../onnx/tracing/program.js', (original) => {
  loaded.add('program');
  return original();
});
vi.mock('./code/numpy/array-value.js', (original) => {
  loaded.add('arrays of numpy');
  return original();
});

const ROW = {
  workclass: 'Private',
  education: 'Masters',
  sex: 'F',
  is_married: true,
  age: 48,
  hours: 40,
  gain: 0,
  years: 10,
};

const samples: readonly [kind: string, folder: string, item: unknown][] = [
  ['text', 'sample/01-fastai-sentiment/models-home/models/fastai_sentiment/ln2yf5vx2km2s2p3', 'ok'],
  [
    'language model',
    'sample/05-language-model/models-home/models/reviews_lm/ln2yhw7wwwoyipnr',
    'ok',
  ],
  ['rows', 'sample/03-tabular/models-home/models/income/ln2yg3cs6rfn6flp', ROW],
  [
    'images',
    'sample/04-vision/models-home/models/shapes/ln2yj7imvie5gxav',
    'sample/04-vision/pictures/square.jpg',
  ],
];

it.each(samples)(
  'no evaluator for a learner without code of its own: %s',
  async (_, folder, item) => {
    const learner = await Learner.load(`${folder}/saved_model.pkl`);
    await learner.predict(item);
    await learner.release();
    expect([...loaded]).toEqual([]);
  },
);

it('a learner with code of its own loads it', async () => {
  const learner = await Learner.load('test/fixtures/code/own_text/export.pkl');
  await learner.predict('I liked it');
  await learner.release();
  expect(loaded).toContain('evaluator');
  expect(loaded).toContain('program');
});
