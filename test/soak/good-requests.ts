import { readFileSync } from 'node:fs';
import {
  fastai,
  Image,
  Learner,
  LMLearner,
  ModelStore,
  type DecodedRow,
  type Tensor,
} from '../../lib/index.js';
import { frameFile } from '../fuzz/bodies.js';
import type { Endpoint } from '../fuzz/endpoints.js';
import { endOf } from '../fuzz/jobs.js';
import { multipart } from '../fuzz/multipart.js';
import type { Gun, Hit, Shot } from '../fuzz/http.js';

/** A request with what has to come back. */
export interface GoodRequest {
  readonly shot: Shot;
  /** Why an answer is wrong; undefined where it is right. */
  readonly fault: (hit: Hit) => string | undefined;
  /** What is to be judged, where it is not the answer itself. */
  readonly outcome?: (hit: Hit, gun: Gun) => Promise<Hit>;
}

/** Another number of threads adds in another order. */
const TOLERANCE = 1e-5;

const TEXTS = [
  'I really liked that movie!',
  'Terrible. It’s a waste of time; two hours I won’t get back.',
  '',
  'So geht’s nicht 🎬',
  'The plot was thin, but the acting more than made up for it. '.repeat(8),
  'xxbos THIS IS GREAT, <br /><br />really!!! :-)',
];

const PEOPLE = [
  ['Self-emp', 'Masters', 'M', false, 28, 40.3, 3968, 14],
  ['Private', null, 'F', true, null, 12, null, 9.5],
  ['?', 'Doctorate', 'M', null, 91, 80, 0, 20],
  ['never seen', 'HS-grad', null, true, 17, 1, 99_999, 0],
].map(([workclass, education, sex, isMarried, age, hours, gain, years]) => ({
  workclass,
  education,
  sex,
  is_married: isMarried,
  age,
  hours,
  gain,
  years,
}));

async function fileOf(sample: string, tag: string): Promise<string> {
  const store = new ModelStore(`sample/${sample}/models-home`);
  return (await fastai.get(tag, { store })).pathOf('saved_model.pkl');
}

function post(path: string, type: string, body: string | Uint8Array): Shot {
  return {
    method: 'POST',
    path,
    headers: [['content-type', type]],
    body: Buffer.from(body as string),
  };
}

function numbers(expected: Tensor): GoodRequest['fault'] {
  const wanted = Array.from(expected.data as Float32Array);
  return ({ body }) => {
    const got = (JSON.parse(body.toString()) as unknown[]).flat(9) as number[];
    const same =
      got.length === wanted.length &&
      got.every((value, index) => Math.abs(value - (wanted[index] as number)) <= TOLERANCE);
    return same ? undefined : `got ${got.join()} instead of ${wanted.join()}`;
  };
}

function bytes(expected: string | Uint8Array): GoodRequest['fault'] {
  const wanted = Buffer.from(expected as string);
  return ({ body }) => {
    if (body.equals(wanted)) return undefined;
    return `got ${body.toString().slice(0, 100)} instead of ${wanted.toString().slice(0, 100)}`;
  };
}

async function sentiment(): Promise<GoodRequest[]> {
  const learner = await Learner.load<string>(
    await fileOf('01-fastai-sentiment', 'fastai_sentiment'),
  );
  const requests: GoodRequest[] = [];
  for (const text of TEXTS) {
    const [, , probabilities] = await learner.predict(text);
    requests.push({
      shot: post('/classifyText', 'text/plain', text),
      fault: numbers(probabilities),
    });
  }
  await learner.release();
  return requests;
}

async function tabular(): Promise<GoodRequest[]> {
  const learner = await Learner.load<object, DecodedRow>(await fileOf('03-tabular', 'income'));
  const [all] = await learner.getPreds(PEOPLE);
  const requests: GoodRequest[] = [
    { shot: post('/score', 'application/json', JSON.stringify(PEOPLE)), fault: numbers(all) },
    { shot: post('/score', 'text/csv', await frameFile(PEOPLE, 'csv')), fault: numbers(all) },
    {
      shot: post('/score', 'application/vnd.apache.parquet', await frameFile(PEOPLE, 'parquet')),
      fault: numbers(all),
    },
  ];
  for (const person of PEOPLE) {
    const [one] = await learner.getPreds([person]);
    const body = JSON.stringify([person]);
    requests.push({ shot: post('/score', 'application/json', body), fault: numbers(one) });
    const [decoded] = await learner.predict(person);
    const shown = JSON.stringify([learner.decodeRow(decoded)]);
    requests.push({ shot: post('/explain', 'application/json', body), fault: bytes(shown) });
  }
  await learner.release();
  return requests;
}

async function vision(): Promise<GoodRequest[]> {
  const shapes = await Learner.load<Uint8Array, string>(await fileOf('04-vision', 'shapes'));
  const masks = await Learner.load<Uint8Array, Tensor>(await fileOf('04-vision', 'shape_masks'));
  const png = new Image({ mimeType: 'image/png' });
  const requests: GoodRequest[] = [];
  const pictures = ['circle', 'cross', 'square'].map((name) =>
    readFileSync(`sample/04-vision/pictures/${name}.jpg`),
  );
  for (const picture of pictures) {
    const [name, , probabilities] = await shapes.predict(picture);
    const [mask] = await masks.predict(picture);
    const drawn = Buffer.from((await png.serialize(mask)).body as Uint8Array);
    requests.push(
      { shot: post('/name', 'image/jpeg', picture), fault: bytes(name) },
      { shot: post('/classify', 'image/jpeg', picture), fault: numbers(probabilities) },
      { shot: post('/mask', 'image/jpeg', picture), fault: bytes(drawn) },
    );
    const parts = ['before', 'after'].map((part) => ({
      name: part,
      type: 'image/jpeg',
      bytes: picture,
    }));
    requests.push({
      shot: post('/compare', 'multipart/form-data; boundary=both', multipart(parts, 'both')),
      fault: ({ body }) =>
        body.includes(`still a ${name}`) && body.includes(drawn) && body.includes(picture)
          ? undefined
          : `got ${body.toString().slice(0, 100)} for two of ${name}`,
    });
  }
  await Promise.all([shapes.release(), masks.release()]);
  return requests;
}

async function languageModel(): Promise<GoodRequest[]> {
  const learner = await LMLearner.load(await fileOf('05-language-model', 'reviews_lm'));
  const requests: GoodRequest[] = [];
  for (const [index, text] of TEXTS.entries()) {
    if (text === '') continue;
    const encoded = await learner.encode(text);
    requests.push({ shot: post('/encodeText', 'text/plain', text), fault: numbers(encoded) });
    const [nWords, seed] = [5 + index, index];
    const continued = await learner.predict(text, nWords, { seed });
    const body = JSON.stringify({ text, nWords, seed });
    requests.push({
      shot: post('/continueText', 'application/json', body),
      fault: bytes(continued),
    });
    const words: string[] = [];
    for await (const word of learner.predictStream(text, nWords, { seed })) words.push(word);
    requests.push({
      shot: post('/streamWords', 'application/json', body),
      fault: ({ body: events }) =>
        eventsOf(events.toString()).join('|') === [...words, 'end:'].join('|')
          ? undefined
          : `got ${events.toString()} instead of ${words.join('|')}`,
    });
  }
  await learner.release();
  return requests;
}

async function jobs(): Promise<GoodRequest[]> {
  const stories = await LMLearner.load(await fileOf('05-language-model', 'reviews_lm'));
  const masks = await Learner.load<Uint8Array, Tensor>(await fileOf('04-vision', 'shape_masks'));
  const png = new Image({ mimeType: 'image/png' });
  const requests: GoodRequest[] = [];
  for (const [seed, text] of TEXTS.entries()) {
    if (text === '') continue;
    const continued = await stories.predict(text, 30, { seed });
    const body = JSON.stringify({ text, nWords: 30, seed });
    requests.push({ shot: post('/story', 'application/json', body), fault: bytes(continued) });
  }
  for (const name of ['circle', 'cross', 'square']) {
    const picture = readFileSync(`sample/04-vision/pictures/${name}.jpg`);
    const [mask] = await masks.predict(picture);
    const drawn = (await png.serialize(mask)).body as Uint8Array;
    requests.push({ shot: post('/mask', 'image/jpeg', picture), fault: bytes(drawn) });
  }
  await Promise.all([stories.release(), masks.release()]);
  // As a job each has the same result.
  return requests.flatMap((direct) => [direct, asJob(direct)]);
}

function asJob({ shot, fault }: GoodRequest): GoodRequest {
  return {
    shot: { ...shot, path: `${shot.path}/jobs` },
    outcome: async ({ headers }, gun) => (await endOf(gun, String(headers.location))).result,
    fault,
  };
}

/** Data of server-sent events, after the name of the event where it has one. */
function eventsOf(text: string): string[] {
  return text
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => {
      const lines = event.split('\n');
      const name = lines.find((line) => line.startsWith('event: '))?.slice(7);
      const data = lines.filter((line) => line.startsWith('data: ')).map((line) => line.slice(6));
      return `${name === undefined ? '' : `${name}:`}${data.join('\n')}`;
    });
}

const MAKERS = new Map<string, () => Promise<GoodRequest[]>>([
  ['01-fastai-sentiment', sentiment],
  ['03-tabular', tabular],
  ['04-vision', vision],
  ['05-language-model', languageModel],
  ['09-jobs', jobs],
]);

/**
 * Requests to a sample and their right answers, as the learner itself gives them in this process.
 * Of samples that have no learner, the examples of their documents, and what the idle service
 * answers to them.
 */
export async function goodRequests(
  sample: string,
  endpoints: readonly Endpoint[],
  fire: (shot: Shot) => Promise<Hit | undefined>,
): Promise<GoodRequest[]> {
  const make = MAKERS.get(sample);
  if (make) return make();
  const requests: GoodRequest[] = [];
  for (const { good } of endpoints) {
    const hit = await fire(good);
    if (hit?.status !== 200) {
      throw new Error(`${sample}: the example of ${good.path} is answered ${hit?.status}.`);
    }
    requests.push({ shot: good, fault: bytes(hit.body) });
  }
  return requests;
}
