import type { Tensor } from 'onnxruntime-common';
import type {
  LearnerDescription,
  LearnerInput,
  LearnerKind,
  Prediction,
  Results,
  Vocab,
} from '../../learner/fastai/contract.js';
import { isTensor } from '../../learner/runtime/is-tensor.js';
import {
  addedWords,
  continuedText,
  type Generation,
} from '../../serving/models/fastai/generation.js';
import type { FastaiRunner, LanguageModelRunner } from '../../serving/models/fastai/types.js';
import { InvalidBodyError } from '../io/errors.js';
import { Image } from '../io/image.js';
import type { IoDescriptor, IoSchema } from '../io/io-descriptor.js';
import { Text } from '../io/text.js';
import { Answer, AnswerBody, type AnswerForms } from './answer-body.js';
import { augmentedOf, isAugmentable } from './augmented.js';
import { explanationJson, shownJson } from './explained.js';
import { ArrayBody } from './array-body.js';
import { GenerateBody } from './generate-body.js';
import { imageAnswer } from './image-answer.js';
import { maskAnswer } from './mask-answer.js';
import { MixedBody } from './mixed-body.js';
import { predictRows } from './predict-rows.js';
import { RowsBody, type GivenRows } from './rows-body.js';
import {
  explanationSchema,
  generationSchema,
  predictionSchema,
  rowsPredictionSchema,
  rowsSchema,
  shownSchema,
} from './schemas.js';
import { classesOf, eachResult, namedResults, nested, scoredOf, type Scored } from './scored.js';
import type { Asked, QueryParameter, ServedEndpoint, ServedEndpoints } from './served-endpoint.js';

type Runner = FastaiRunner<unknown, unknown>;

/** The facts about a learner that the document needs before it is loaded. */
export interface LearnerFacts {
  readonly kind: LearnerKind;
  /** Whether it predicts masks or images, which can be sent as a PNG. */
  readonly drawn?: boolean;
  /** Whether it has several targets. It may then have several results, which have no single explanation. */
  readonly several?: boolean;
  /** For kind `mixed`: its inputs. */
  readonly inputs?: readonly LearnerInput[];
  /**
   * The function that runs for a path before its image is opened, but not for the bytes of a
   * request.
   */
  readonly skipped?: string;
}

/** The differences between the kinds of learners. */
interface Kind {
  readonly input: IoDescriptor<unknown, never>;
  /** The runner's input, made from the result of `input`. */
  item(given: unknown): unknown;
  readonly predicted: AnswerForms;
  predict(given: unknown, asked: Asked): unknown;
}

/** A pass costs as much as a prediction. */
const MOST_PASSES = 16;

const BINARY: IoSchema = { type: 'string', format: 'binary' };
const CSV: IoSchema = { type: 'string', description: 'The rows, with prediction columns.' };
const WORDS: IoSchema = {
  type: 'string',
  description:
    'Server-sent events: one for each word that is added, then `end`; or `error`, with the JSON of an error response.',
};

const PROBABILITIES: QueryParameter = {
  name: 'probabilities',
  description:
    "Also send the model's numbers: the probability of each class at each pixel, or the image before it is decoded.",
  schema: { type: 'boolean' },
};
const TTA: QueryParameter = {
  name: 'tta',
  description: `Passes with the random transforms of training, 1 to ${MOST_PASSES}, as fastai's \`tta(n=...)\` (default: none).`,
  schema: { type: 'integer' },
};
const TARGET: QueryParameter = {
  name: 'target',
  description: 'The class or label to explain, by name or index (default: the predicted one).',
  schema: { type: 'string' },
};

/**
 * The endpoints of a learner: its prediction, the reasons, and the item as its model sees it.
 *
 * @param runnerOf Returns its runner, which is loaded when a request arrives.
 */
export function learnerEndpoints(
  tag: string,
  facts: LearnerFacts,
  runnerOf: () => Runner,
): ServedEndpoints {
  const { input, item, predicted, predict } = kindOf(facts, runnerOf);
  const describe = (): LearnerDescription => runnerOf().description;
  const description = `A learner of kind "${facts.kind}".${skippedNote(facts)}`;
  const endpoint = (
    summary: string,
    forms: AnswerForms,
    handle: ServedEndpoint['handle'],
    query: readonly QueryParameter[] = [],
  ): ServedEndpoint => {
    return { summary, description, input, output: new AnswerBody(forms), query, handle };
  };
  const show = endpoint(
    `What ${tag} sees of an item`,
    { schema: () => shownSchema(describe()) },
    async (given) => new Answer(await shownJson(await runnerOf().show.run(item(given)))),
  );
  const isAugmented = facts.kind === 'vision' && !facts.several;
  const asked = facts.drawn ? [PROBABILITIES] : isAugmented ? [TTA] : [];
  const endpoints = {
    predict: endpoint(`The prediction of ${tag}`, predicted, predict, asked),
    show,
  };
  // A language model has no single answer to explain.
  if (['lm', 'array', 'mixed'].includes(facts.kind) || facts.drawn || facts.several) {
    return endpoints;
  }
  const explain = endpoint(
    `Why ${tag} predicts what it does`,
    { schema: () => explanationSchema(describe()) },
    async (given, { query }) => {
      const target = targetOf(query.get('target'));
      const how = target === undefined ? {} : { target };
      return new Answer(await explanationJson(await runnerOf().explain.run(item(given), how)));
    },
    [TARGET],
  );
  return { ...endpoints, explain };
}

function kindOf({ kind, drawn, inputs = [] }: LearnerFacts, runnerOf: () => Runner): Kind {
  const describe = (): LearnerDescription => runnerOf().description;
  const plain = {
    item: (given: unknown) => given,
    predicted: { schema: () => predictionSchema(describe()) },
    predict: (given: unknown, { query }: Asked) => predictOne(runnerOf(), given, query),
  };
  switch (kind) {
    case 'lm': {
      const lm = (): LanguageModelRunner => runnerOf() as unknown as LanguageModelRunner;
      const predicted = { ...plain.predicted, others: { 'text/event-stream': WORDS } };
      const output = new AnswerBody(predicted);
      return {
        input: new GenerateBody(generationSchema()),
        item: (given) => (given as Generation).text,
        predicted,
        predict: async (given, { accept }) =>
          output.streamsFor(accept)
            ? addedWords(lm(), given as Generation)
            : new Answer({ prediction: await continuedText(lm(), given as Generation) }),
      };
    }
    case 'tabular':
    case 'collab': {
      const columns = () => describe().columns as NonNullable<LearnerDescription['columns']>;
      return {
        input: new RowsBody(columns, () => rowsSchema(columns())),
        item: (given) => onlyRow(given as GivenRows),
        predicted: {
          schema: () => rowsPredictionSchema(describe()),
          others: { 'text/csv': CSV },
        },
        predict: (given) => predictRows(runnerOf() as never, given as GivenRows),
      };
    }
    case 'array':
      return { ...plain, input: new ArrayBody(() => describe().shape) };
    case 'mixed':
      return { ...plain, input: new MixedBody(inputs) };
    case 'vision':
      return {
        ...plain,
        input: new Image(),
        predicted: { ...plain.predicted, ...(drawn ? { others: { 'image/png': BINARY } } : {}) },
      };
    default:
      return { ...plain, input: Text.fromSample('I really liked that movie!') };
  }
}

/** The note in the document and the log for a learner whose paths go through its own code. */
function skippedNote({ skipped }: LearnerFacts): string {
  return skipped === undefined
    ? ''
    : ` Its get_x "${skipped}" runs only on paths, as in fastai: the bytes of a request skip it.`;
}

async function predictOne(runner: Runner, item: unknown, query: URLSearchParams): Promise<Answer> {
  const { description } = runner;
  const passes = query.get('tta');
  if (passes !== null) return predictAugmented(runner, item, passes);
  const triple: Prediction<unknown, Results> = await runner.predict.run(item);
  const several = eachResult(triple, description.results);
  if (!several) return answerOf(runner, item, description, triple, query);
  const answers: [string, Scored][] = [];
  for (const { result, triple: one } of several) {
    const { json } = await answerOf(runner, item, { ...description, ...result }, one, query);
    answers.push([result.name, json as Scored]);
  }
  return new Answer(namedResults(answers));
}

/** The answer of one result. */
async function answerOf(
  runner: Runner,
  item: unknown,
  description: LearnerDescription,
  triple: Prediction<unknown, Results>,
  query: URLSearchParams,
): Promise<Answer> {
  const [decoded, , given] = triple;
  const probabilities = isTensor(given) ? given : undefined;
  switch (description.task) {
    case 'segment': {
      const wanted = query.get('probabilities') === 'true' ? probabilities : undefined;
      return maskAnswer(decoded as Tensor, description.classes ?? [], wanted);
    }
    case 'image': {
      const wanted = query.get('probabilities') === 'true' ? probabilities : undefined;
      return imageAnswer(decoded as Tensor, wanted);
    }
    case 'points': {
      const [height, width] = description.size ?? (await sizeOf(runner, item));
      return new Answer({ prediction: nested(decoded as Tensor), width, height });
    }
    default: {
      // Inputs and other results have vocabularies as well.
      const { kind, classes, results } = description;
      const names = kind === 'mixed' || results ? classes : classesOf(runner.vocab as Vocab);
      const scored = scoredOf(triple, names);
      const { threshold } = description;
      return new Answer(threshold === undefined ? scored : { ...scored, threshold });
    }
  }
}

/** fastai's test-time augmentation. */
async function predictAugmented(runner: Runner, item: unknown, passes: string): Promise<Answer> {
  const { description } = runner;
  if (!isAugmentable(description)) {
    throw new InvalidBodyError(
      'Query',
      `tta is for classes, labels and numbers of images, but this learner has the kind "${description.kind}" for the task "${description.task}"`,
      'omit tta',
    );
  }
  const n = /^\d{1,2}$/.test(passes) ? Number(passes) : 0;
  if (n < 1 || n > MOST_PASSES) {
    const remedy = `give a whole number from 1 to ${MOST_PASSES}`;
    throw new InvalidBodyError('Query', 'tta is not a number of passes', remedy);
  }
  const [predictions] = (await runner.tta.run([item], { n })) as [Tensor, null];
  const { threshold } = description;
  const scored = augmentedOf(predictions, description);
  return new Answer(threshold === undefined ? scored : { ...scored, threshold });
}

/** For images that the learner does not resize. */
async function sizeOf(runner: Runner, item: unknown): Promise<readonly [number, number]> {
  const shown = await runner.show.run(item);
  return 'image' in shown ? [shown.image.height, shown.image.width] : [0, 0];
}

function onlyRow({ rows }: GivenRows): unknown {
  if (rows.length === 1) return rows[0];
  throw new InvalidBodyError('Rows', `the body has ${rows.length} rows`, 'send one row');
}

/** An index if it is one, or else the name of a class. */
function targetOf(given: string | null): string | number | undefined {
  if (given === null || given === '') return undefined;
  return /^\d{1,9}$/.test(given) ? Number(given) : given;
}
