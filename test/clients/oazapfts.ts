import * as jobs from './oazapfts/09-jobs.js';
import * as income from './oazapfts/03-tabular.js';
import * as reviews from './oazapfts/05-language-model.js';
import * as sentiment from './oazapfts/01-fastai-sentiment.js';
import * as shapes from './oazapfts/04-vision.js';
import { person, picture, report, runningUrl, story, urlOf } from './common.js';

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

/** Submits, follows, reads and cancels; the result has the type of the endpoint's own answer. */
async function followed(baseUrl: string) {
  jobs.defaults.baseUrl = baseUrl;
  const taken = await jobs.submitStoryJob(story(5));
  let job: jobs.VtsJob | undefined = taken.status === 202 ? taken.data : undefined;
  const id = job?.id ?? '';
  while (job?.state === 'queued' || job?.state === 'running') {
    const { status, data } = await jobs.getStoryJob(id);
    job = status === 200 ? data : undefined;
  }
  const kept = await jobs.getStoryJobResult(id);
  const result: string = kept.status === 200 ? kept.data : '';
  const made = await jobs.story(story(5));
  const direct: string = made.status === 200 ? made.data : '';

  const long = await jobs.submitStoryJob(story(1_000_000));
  const at = long.status === 202 ? long.data.id : '';
  const { status: notYet } = await jobs.getStoryJobResult(at);
  const cancelled = await jobs.cancelStoryJob(at);
  const events = cancelled.status === 200 ? cancelled.data.state : undefined;
  const { status: gone } = await jobs.getStoryJobResult(at);
  const { status: mask } = await jobs.submitMaskJob(await picture(), {}, jpeg);
  const { state, error: failure } = job ?? {};
  return { state, failure, result, direct, notYet, events, gone, mask };
}
const jobsUrl = runningUrl('09-jobs');

report({
  jobs: jobsUrl === undefined ? undefined : await followed(jobsUrl),
  probabilities,
  table,
  name,
  compared: String(compared.data).includes('still a circle'),
  text,
  error,
  status: explained.status,
});
