import type { LearnerDescription, TabularSchema } from '../../learner/fastai/contract.js';
import { learnerSchema } from '../io/data-frame/frame-schema.js';
import type { IoSchema } from '../io/io-descriptor.js';
import { unionOf } from '../io/json/sample-schema.js';

/** The parts of a learner's description that the schemas need. */
export type DescribedLearner = Pick<
  LearnerDescription,
  'kind' | 'task' | 'classes' | 'targets' | 'columns' | 'results'
>;

const STRING: IoSchema = { type: 'string' };
const INTEGER: IoSchema = { type: 'integer' };
const FLOAT: IoSchema = { type: 'number', format: 'float' };
/** A number that may be missing: NaN is null in JSON. */
const FLOAT_OR_NULL: IoSchema = { ...FLOAT, nullable: true };
const NULLABLE_STRING: IoSchema = { ...STRING, nullable: true };
const BASE64: IoSchema = { type: 'string', format: 'byte' };

const list = (items: IoSchema, more: Partial<IoSchema> = {}): IoSchema => ({
  type: 'array',
  items,
  ...more,
});
const described = (schema: IoSchema, description: string): IoSchema => ({ ...schema, description });

/**
 * A cell of a row. Null belongs to one of the types, because `nullable` has no meaning without a
 * type.
 */
const CELL: IoSchema[] = [NULLABLE_STRING, { type: 'number' }, { type: 'boolean' }];

/** An object whose properties are all required, except for the named ones. */
function object(
  title: string,
  properties: Readonly<Record<string, IoSchema>>,
  optional: readonly string[] = [],
): IoSchema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { title, type: 'object', properties, required };
}

/** The JSON answer of a learner's `POST /predict` for one item. */
export function predictionSchema(learner: DescribedLearner): IoSchema {
  return object(
    'Prediction',
    { ...propertiesOf(learner), ...decodedOf(learner) },
    optionalOf(learner),
  );
}

const optionalOf = ({ task }: DescribedLearner): string[] =>
  task === 'segment' || task === 'image' ? ['probabilities'] : [];

/** The same for rows, of which a request may have one or many. */
export function rowsPredictionSchema(learner: DescribedLearner): IoSchema {
  const one = predictionSchema(learner);
  return { oneOf: [one, object('Predictions', { predictions: list(one) })] };
}

/** A row as a JSON object, or a list of them. */
export function rowsSchema(columns: TabularSchema): IoSchema {
  const { items: row = {}, ...rows } = learnerSchema(columns, 'records');
  const titled = { title: 'Row', ...row };
  return { oneOf: [titled, { ...rows, items: titled }] };
}

/** The JSON input of a language model's `POST /predict`. */
export function generationSchema(): IoSchema {
  return object(
    'Generation',
    {
      text: described(STRING, 'The beginning of the text.'),
      nWords: described({ ...INTEGER, minimum: 0, maximum: 10_000 }, 'How many words to add.'),
      temperature: described(
        { type: 'number', minimum: 0 },
        'Above 0; values below 1 favour likely words.',
      ),
      minP: described({ type: 'number', minimum: 0, maximum: 1 }, 'Minimum probability of a word.'),
      seed: described(INTEGER, 'The same seed gives the same words.'),
      stop: described(STRING, 'Ends the text before this string.'),
    },
    ['nWords', 'temperature', 'minP', 'seed', 'stop'],
  );
}

/** The answer of a learner's `POST /explain`. */
export function explanationSchema(learner: DescribedLearner): IoSchema {
  const regress = learner.task === 'regress';
  const target = {
    ...(regress ? {} : { class: STRING }),
    target: described(INTEGER, regress ? 'Index of the number.' : 'Index of the class.'),
  };
  if (learner.kind === 'vision') {
    return object('Explanation', {
      method: { type: 'string', enum: ['grad-cam'] },
      ...target,
      heatmap: described(imageSchema(), 'The image regions that support the class, as 8-bit grey.'),
    });
  }
  const part = object('Part', {
    name: described(STRING, learner.kind === 'text' ? 'The token.' : 'The column.'),
    weight: described(
      numbers(learner),
      `${regress ? 'The number' : 'Probability of the class'} with the part minus the value without it.`,
    ),
  });
  return object('Explanation', {
    method: { type: 'string', enum: ['occlusion'] },
    ...target,
    parts: list(part),
  });
}

/** The answer of a learner's `POST /show`: an item as its model sees it. */
export function shownSchema({ kind }: DescribedLearner): IoSchema {
  if (kind === 'text' || kind === 'lm') {
    return object('Shown', { tokens: described(list(STRING), 'Special tokens included.') });
  }
  if (kind === 'vision') {
    const image = described(imageSchema(), 'After cropping and resizing, before normalizing.');
    return object('Shown', { image });
  }
  if (kind === 'array') {
    return object('Shown', {
      values: described(list(FLOAT_OR_NULL), 'After the transforms, row by row.'),
      shape: list(INTEGER),
    });
  }
  if (kind === 'mixed') {
    const input = object(
      'ShownInput',
      {
        name: STRING,
        image: imageSchema(),
        tokens: list(STRING),
        values: described(list({ type: 'number' }), 'The numbers, row by row.'),
        shape: list(INTEGER),
      },
      ['image', 'tokens', 'values', 'shape'],
    );
    return object('Shown', { inputs: described(list(input), 'Each input as the model gets it.') });
  }
  const column = object('Column', {
    name: STRING,
    value: described({ oneOf: CELL }, 'The category or #na#, or the number.'),
    known: described(
      { type: 'boolean' },
      'False if the value is missing, or if the learner does not know it.',
    ),
  });
  return object('Shown', { columns: list(column) });
}

function propertiesOf(learner: DescribedLearner): Record<string, IoSchema> {
  const number = numbers(learner);
  const probabilities = described(list(number), 'After the activation of the loss function.');
  switch (learner.task) {
    case 'classify':
      return {
        prediction: described(className(learner), 'The class.'),
        target: described(INTEGER, 'Index of the class.'),
        probabilities,
        classes: CLASSES,
      };
    case 'multilabel':
      return {
        prediction: described(list(className(learner)), 'The classes above the threshold.'),
        target: described(
          list({ ...INTEGER, minimum: 0, maximum: 1 }),
          '1 for each class above the threshold.',
        ),
        probabilities,
        classes: CLASSES,
        threshold: { type: 'number' },
      };
    case 'regress': {
      const value = regressed(learner, number);
      return { prediction: value, target: value, probabilities: value };
    }
    case 'points':
      return {
        prediction: described(
          list(list(number, { minItems: 2, maxItems: 2 })),
          'x and y of each point, in pixels of the image that the model saw.',
        ),
        width: INTEGER,
        height: INTEGER,
      };
    case 'segment':
      return {
        prediction: described(
          imageSchema(),
          'The mask: an indexed 8-bit PNG whose pixels are class indices.',
        ),
        classes: CLASSES,
        shares: described(list({ type: 'number' }), 'The share of pixels in each class.'),
        probabilities: described(
          list(list(list(number))),
          'For each class, row and column, if the query has probabilities=true.',
        ),
      };
    case 'image':
      return {
        prediction: described(imageSchema(), 'The predicted image: an 8-bit PNG.'),
        probabilities: described(
          list(list(list(number))),
          'For each channel, row and column, if the query has probabilities=true.',
        ),
      };
    case 'several':
      return severalOf(learner);
    case 'generate':
      return { prediction: described(STRING, 'The continued text.') };
  }
}

/** Each result by its name; of rows, each column of the target. */
function severalOf(learner: DescribedLearner): Record<string, IoSchema> {
  const { results = [], columns } = learner;
  if (columns !== undefined) {
    const ofEach = list({}, { minItems: results.length, maxItems: results.length });
    return {
      prediction: described(list({ oneOf: CELL }), 'One for each target.'),
      target: described(ofEach, 'One for each result of the model, or one for all.'),
      probabilities: described(ofEach, 'After the activation of the loss function.'),
    };
  }
  const each = results.map(({ name, ...result }) => {
    const one: DescribedLearner = { kind: learner.kind, ...result };
    const threshold = result.task === 'multilabel' && result.threshold === undefined;
    const properties = propertiesOf(one);
    if (threshold) delete properties['threshold'];
    return [name, properties, optionalOf(one)] as const;
  });
  const named = (
    of: (properties: Record<string, IoSchema>, optional: readonly string[]) => IoSchema,
  ) =>
    Object.fromEntries(
      each.map(([name, properties, optional]) => [name, of(properties, optional)]),
    );
  return {
    prediction: described(
      object(
        'NamedPredictions',
        named(({ prediction }) => prediction!),
      ),
      'The prediction of each result.',
    ),
    results: described(
      object(
        'NamedResults',
        named((properties, optional) => object('Result', properties, optional)),
      ),
      'Each result with its probabilities.',
    ),
  };
}

const CLASSES = described(list(STRING), 'Names of the classes, in the order of the probabilities.');

function decodedOf({ columns }: DescribedLearner): Record<string, IoSchema> {
  if (columns === undefined) return {};
  const cell: IoSchema = { oneOf: [...CELL, list({ type: 'number' })] };
  const decoded: IoSchema = { type: 'object', additionalProperties: cell };
  return { decoded: described(decoded, 'The row as the learner displays it.') };
}

/** Numbers of a model. NaN, which is null in JSON, occurs only if numbers overflow float32. */
function numbers({ kind: of, columns }: DescribedLearner): IoSchema {
  const overflow = columns?.columns.some(({ kind }) => kind === 'number');
  return overflow || of === 'array' ? FLOAT_OR_NULL : FLOAT;
}

function regressed({ kind, columns, targets }: DescribedLearner, number: IoSchema): IoSchema {
  if (columns !== undefined && targets?.length === 1) return number;
  // A forecast of several variables has rows, of any depth.
  const nested = kind === 'array' ? [list(list({}))] : [];
  return { oneOf: [number, list(number), ...nested] };
}

/**
 * Class names are strings, except for rows and several labels, where fastai keeps numbers and flags
 * of a vocabulary.
 */
function className({ classes = [], columns, task }: DescribedLearner): IoSchema {
  if (columns === undefined && task !== 'multilabel') return STRING;
  const types: IoSchema[] = [STRING];
  if (classes.some((name) => name.trim() !== '' && !Number.isNaN(Number(name)))) {
    types.push({ type: 'number' });
  }
  if (classes.some((name) => name === 'True' || name === 'False')) types.push({ type: 'boolean' });
  if (['None', 'nan', '#na#'].some((name) => classes.includes(name))) types[0] = NULLABLE_STRING;
  return unionOf(types);
}

function imageSchema(): IoSchema {
  return object('Png', { width: INTEGER, height: INTEGER, png: BASE64 });
}
