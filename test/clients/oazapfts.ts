import * as income from './oazapfts/03-tabular.js';
import * as reviews from './oazapfts/05-language-model.js';
import * as sentiment from './oazapfts/01-fastai-sentiment.js';
import * as shapes from './oazapfts/04-vision.js';
import { person, picture, report, urlOf } from './common.js';

sentiment.defaults.baseUrl = urlOf('01-fastai-sentiment');
income.defaults.baseUrl = urlOf('03-tabular');
shapes.defaults.baseUrl = urlOf('04-vision');
reviews.defaults.baseUrl = urlOf('05-language-model');

const plain = { headers: { 'content-type': 'text/plain' } };
const scores = await sentiment.classifyText('I really liked that movie!', plain);
const probabilities: number[] = scores.status === 200 ? scores.data : [];

const rows = await income.score([person, person]);
const table: (number | null)[][] = rows.status === 200 ? rows.data : [];

const jpeg = { headers: { 'content-type': 'image/jpeg' } };
const named = await shapes.name(await picture(), jpeg);
const name: string = named.status === 200 ? named.data : '';
const compared = await shapes.compare({
  before: await picture(),
  after: await picture(),
  note: 'both',
});

const continued = await reviews.continueText({
  text: 'I really liked',
  nWords: 3,
  seed: 1,
});
const text: string = continued.status === 200 ? continued.data : '';

// The type of an error is that of the document, and so is what comes.
const wrong = await reviews.continueText({ text: 'a', nWords: 1000 });
const error: reviews.ApiError | undefined = wrong.status === 400 ? wrong.data : undefined;
const explained = await income.explain([person]);

report({
  probabilities,
  table,
  name,
  compared: String(compared.data).includes('still a circle'),
  text,
  error,
  status: explained.status,
});
