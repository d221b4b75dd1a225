import { readFileSync } from 'node:fs';
import type { INestApplication } from '@nestjs/common';
import { getRunnerToken, type RunnerOf } from 'nestjs-vts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  Assessment,
  Loans as LoansClass,
} from '../sample/07-custom-runnable/src/loans.runnable.js';
import { HttpClient } from './helpers/http-client.js';
import { startApp } from './helpers/testing-app.js';

interface Case {
  readonly row: Readonly<Record<string, string | number | null>>;
  readonly probs: readonly number[];
}

const cases = JSON.parse(
  readFileSync(new URL('./fixtures/fastai1/loans.json', import.meta.url), 'utf8'),
) as Case[];

/** The compiled sample: its worker loads the module of the runnable. */
const built = (file: string): Promise<unknown> =>
  import(new URL(`../dist/sample/07-custom-runnable/src/${file}.js`, import.meta.url).href);

describe('The sample with a model of fastai 1', () => {
  let app: INestApplication;
  let client: HttpClient;
  let runner: RunnerOf<LoansClass>;

  beforeAll(async () => {
    const { AppModule } = (await built('app.module')) as { AppModule: never };
    const { Loans } = (await built('loans.runnable')) as { Loans: typeof LoansClass };
    app = await startApp({ imports: [AppModule] });
    client = await HttpClient.of(app);
    runner = app.get(getRunnerToken(Loans));
  });
  afterAll(() => app.close());

  const near = (given: unknown, { probs }: Case): void => {
    const { outcome, probabilities } = given as Assessment;
    const names = Object.keys(probabilities);
    expect(names).toEqual(['paid back', 'defaulted']);
    names.forEach((name, i) => expect(probabilities[name]).toBeCloseTo(probs[i] as number, 5));
    expect(outcome).toBe(names[probs.indexOf(Math.max(...probs))]);
  };

  it('answers like the model, also for requests that share runs', async () => {
    const many = Array.from({ length: 60 }, (_, i) => cases[i % cases.length] as Case);
    const answers = await Promise.all(
      many.map(({ row }) => client.json('/assess', JSON.stringify(row))),
    );
    answers.forEach(({ status, json }, i) => {
      expect(status).toBe(200);
      near(json, many[i] as Case);
    });
    expect(runner.stats).toMatchObject({ ready: 1, workers: 1, completed: 60, failed: 0 });
  });

  it('streams', async () => {
    const applicants = Array.from({ length: 50 }, (_, i) => (cases[i % 4] as Case).row);
    const { status, text } = await client.json('/assess_each', JSON.stringify({ applicants }));
    expect(status).toBe(200);
    const events = text.split('\n\n').filter((event) => event.startsWith('data: '));
    expect(events).toHaveLength(50);
    events.forEach((event, i) => near(JSON.parse(event.slice(6)), cases[i % 4] as Case));
  });

  it('refuses input that is not an applicant, in the application and in the worker', async () => {
    const [{ row }] = cases as [Case];
    expect(await client.json('/assess', JSON.stringify({ ...row, amount: 'much' }))).toMatchObject({
      status: 400,
    });
    const failure = await runner.assess.run([{ ...row, amount: null }]).catch((e: unknown) => e);
    expect(failure).toMatchObject({ name: 'RunInputError', kind: 'UnknownNumberError' });
  });
});
