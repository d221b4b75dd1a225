import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import type { IoSchema } from '../io/io-descriptor.js';
import {
  explanationSchema,
  generationSchema,
  predictionSchema,
  rowsPredictionSchema,
  rowsSchema,
  shownSchema,
  type DescribedLearner,
} from './schemas.js';

const COLUMNS: NonNullable<DescribedLearner['columns']> = {
  columns: [
    { name: 'city', kind: 'category', categories: ['Bonn'], nullable: true, example: 'Bonn' },
    { name: 'age', kind: 'number', nullable: false, example: 40 },
  ],
  targets: ['income'],
};
const PNG = { width: 4, height: 2, png: Buffer.from('PNG').toString('base64') };
const classes = ['neg', 'pos'];

const text: DescribedLearner = { kind: 'text', task: 'classify', classes };
const image: DescribedLearner = { kind: 'vision', task: 'classify', classes };
const labels: DescribedLearner = { kind: 'vision', task: 'multilabel', classes };
const picture: DescribedLearner = { kind: 'vision', task: 'image' };
const mask: DescribedLearner = { kind: 'vision', task: 'segment', classes };
const points: DescribedLearner = { kind: 'vision', task: 'points' };
const value: DescribedLearner = { kind: 'vision', task: 'regress' };
const words: DescribedLearner = { kind: 'lm', task: 'generate' };
const rows: DescribedLearner = { kind: 'tabular', task: 'classify', classes, columns: COLUMNS };
const flags: DescribedLearner = { ...rows, classes: ['False', 'True'] };
const income: DescribedLearner = {
  kind: 'tabular',
  task: 'regress',
  targets: ['income'],
  columns: COLUMNS,
};

const scores = { target: 1, probabilities: [0.25, 0.75], classes };
const decoded = { city: 'Bonn', age: 40, age_na: false, income: 'pos' };

const valid = (schema: IoSchema, sample: unknown): boolean =>
  // `int32` and its like are of OpenAPI, and no rules of JSON Schema.
  new Ajv({ strict: false, validateFormats: false }).validate(schema, sample);

describe('Schemas of served models', () => {
  it.each([
    ['a class', predictionSchema(text), { prediction: 'pos', ...scores }],
    [
      'several labels',
      predictionSchema(labels),
      { prediction: ['pos'], ...scores, target: [0, 1], threshold: 0.5 },
    ],
    ['a number', predictionSchema(value), { prediction: 4.5, target: 4.5, probabilities: 4.5 }],
    ['numbers', predictionSchema(value), { prediction: [1], target: [1], probabilities: [1] }],
    [
      'points',
      predictionSchema(points),
      {
        prediction: [
          [1, 2],
          [3.5, 4],
        ],
        width: 64,
        height: 64,
      },
    ],
    ['an image', predictionSchema(picture), { prediction: PNG }],
    ['a mask', predictionSchema(mask), { prediction: PNG, classes, shares: [0.5, 0.5] }],
    [
      'a mask with probabilities',
      predictionSchema(mask),
      { prediction: PNG, classes, shares: [1, 0], probabilities: [[[1]], [[0]]] },
    ],
    ['words', predictionSchema(words), { prediction: 'I really liked that movie' }],
    ['a row', rowsPredictionSchema(rows), { prediction: 'pos', decoded, ...scores }],
    [
      'a row whose numbers overflow',
      rowsPredictionSchema(rows),
      { prediction: 'pos', decoded, ...scores, probabilities: [null, null] },
    ],
    ['a flag of a row', rowsPredictionSchema(flags), { prediction: true, decoded, ...scores }],
    [
      'many rows',
      rowsPredictionSchema(rows),
      { predictions: [{ prediction: 'pos', decoded, ...scores }] },
    ],
    [
      'a number of a row',
      rowsPredictionSchema(income),
      { prediction: 4.5, decoded, target: 4.5, probabilities: 4.5 },
    ],
    ['one row in', rowsSchema(COLUMNS), { city: null, age: 40 }],
    ['many rows in', rowsSchema(COLUMNS), [{ city: 'Bonn', age: 40 }]],
    ['options of words', generationSchema(), { text: 'I', nWords: 3, seed: 1, stop: '.' }],
    [
      'a heat map',
      explanationSchema(image),
      { method: 'grad-cam', class: 'pos', target: 1, heatmap: PNG },
    ],
    [
      'weights of words',
      explanationSchema(text),
      { method: 'occlusion', class: 'pos', target: 1, parts: [{ name: 'xxbos', weight: -0.25 }] },
    ],
    [
      'a heat map of a number',
      explanationSchema(value),
      { method: 'grad-cam', target: 0, heatmap: PNG },
    ],
    ['tokens', shownSchema(text), { tokens: ['xxbos', 'it'] }],
    ['the crop', shownSchema(image), { image: PNG }],
    [
      'columns',
      shownSchema(rows),
      {
        columns: [
          { name: 'city', value: null, known: false },
          { name: 'age', value: 1, known: true },
        ],
      },
    ],
  ])('match the bodies of an endpoint: %s', (_name, schema, sample) => {
    expect(valid(schema, sample)).toBe(true);
  });

  it.each([
    ['a class without probabilities', predictionSchema(text), { prediction: 'pos', target: 1 }],
    [
      'NaN of a text',
      predictionSchema(text),
      { prediction: 'pos', ...scores, probabilities: [null] },
    ],
    [
      'a number as the class',
      rowsPredictionSchema(rows),
      { prediction: 3, decoded: decoded, ...scores },
    ],
    ['points without a size', predictionSchema(points), { prediction: [[1, 2]] }],
    ['a row without a column', rowsSchema(COLUMNS), { city: 'Bonn' }],
    ['no rows', rowsSchema(COLUMNS), []],
    [
      'parts of an image',
      explanationSchema(image),
      { method: 'occlusion', class: 'pos', target: 1, parts: [] },
    ],
  ])('refuse others: %s', (_name, schema, sample) => {
    expect(valid(schema, sample)).toBe(false);
  });
});
