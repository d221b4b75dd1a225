import * as jobs from './hey-api/09-jobs/index.js';
import { client as jobsClient } from './hey-api/09-jobs/client.gen.js';
import * as income from './hey-api/03-tabular/index.js';
import { client as incomeClient } from './hey-api/03-tabular/client.gen.js';
import * as reviews from './hey-api/05-language-model/index.js';
import { client as reviewsClient } from './hey-api/05-language-model/client.gen.js';
import * as sentiment from './hey-api/01-fastai-sentiment/index.js';
import { client as sentimentClient } from './hey-api/01-fastai-sentiment/client.gen.js';
import * as shapes from './hey-api/04-vision/index.js';
import { client as shapesClient } from './hey-api/04-vision/client.gen.js';
import { person, picture, report, runningUrl, story, urlOf } from './common.js';

sentimentClient.setConfig({ baseUrl: urlOf('01-fastai-sentiment') });
incomeClient.setConfig({ baseUrl: urlOf('03-tabular') });
shapesClient.setConfig({ baseUrl: urlOf('04-vision') });
reviewsClient.setConfig({ baseUrl: urlOf('05-language-model') });

const scores = await sentiment.classifyText({
  body: 'I really liked that movie!',
});
const probabilities: number[] | undefined = scores.data;

const rows = await income.score({ body: [person, person] });
const table: (number | null)[][] | undefined = rows.data;

const named = await shapes.name({ body: await picture() });
const name: string | undefined = named.data;
const mask = await shapes.mask({ body: await picture() });
const png: Blob | File | undefined = mask.data;
const compared = await shapes.compare({
  body: { before: await picture(), after: await picture(), note: 'both' },
  parseAs: 'text',
});

const continued = await reviews.continueText({
  body: { text: 'I really liked', nWords: 3, seed: 1 },
});
const text: string | undefined = continued.data;

// The type of an error is that of the document, and so is what comes.
const wrong = await reviews.continueText({ body: { text: 'a', nWords: 1000 } });
const error: reviews.ApiError | undefined = wrong.error;
// One row, as the document says: two would not compile.
const explained = await income.explain({ body: [person] });

/** Submits, follows, reads and cancels; the result has the type of the endpoint's own answer. */
async function followed(baseUrl: string) {
  jobsClient.setConfig({ baseUrl });
  const taken = await jobs.submitStoryJob({ body: story(5) });
  let job: jobs.VtsJob | undefined = taken.data;
  const path = { jobId: job?.id ?? '' };
  while (job?.state === 'queued' || job?.state === 'running') {
    job = (await jobs.getStoryJob({ path })).data;
  }
  const result: string | undefined = (await jobs.getStoryJobResult({ path })).data;
  const direct: string | undefined = (await jobs.story({ body: story(5) })).data;

  const long = await jobs.submitStoryJob({ body: story(1_000_000) });
  const of = { path: { jobId: long.data?.id ?? '' } };
  const early = await jobs.getStoryJobResult(of);
  const notYet: jobs.ApiError | undefined = early.error;
  const { stream } = await jobs.watchStoryJob(of);
  const seen: unknown[] = [];
  for await (const event of stream) {
    seen.push((event as unknown as Partial<jobs.VtsJob> | undefined)?.state);
    if (seen.length === 1) await jobs.cancelStoryJob(of);
    if (seen.includes('cancelled')) break;
  }
  const gone = await jobs.getStoryJobResult(of);
  const masks = await jobs.submitMaskJob({ body: await picture() });
  return {
    state: job?.state,
    failure: job?.error,
    result,
    direct,
    notYet: notYet?.statusCode,
    events: seen.at(-1),
    gone: gone.error?.statusCode,
    mask: masks.response?.status,
  };
}
const jobsUrl = runningUrl('09-jobs');

report({
  jobs: jobsUrl === undefined ? undefined : await followed(jobsUrl),
  probabilities,
  table,
  name,
  png: png && [...new Uint8Array(await png.arrayBuffer()).subarray(1, 4)],
  compared: String(compared.data).includes('still a circle'),
  text,
  error,
  status: explained.response?.status,
});
