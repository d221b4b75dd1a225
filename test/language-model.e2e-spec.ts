import { readFile } from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Controller, type INestApplication } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsInt, IsOptional, IsString, Max } from 'class-validator';
import {
  createVtsDocument,
  fastai,
  getRunnerToken,
  Json,
  LMLearner,
  ModelStore,
  NumpyNdarray,
  Runner,
  Text,
  VtsApi,
  VtsModule,
  WordStream,
  type LanguageModelRunner,
  type StreamRunOptions,
  type Tensor,
} from 'nestjs-vts';
import { interval, map, take, throwError, type Observable } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpClient } from './helpers/http-client.js';
import { startApp } from './helpers/testing-app.js';

const TAG = 'tiny_lm:latest';
const PROMPT = 'I really liked';

class GenerateDto {
  @ApiProperty({ type: 'string' })
  @IsString()
  text!: string;

  @ApiProperty({ type: 'integer', required: false, maximum: 1_000_000 })
  @IsOptional()
  @IsInt()
  @Max(1_000_000)
  nWords?: number;

  @IsOptional()
  temperature?: number;

  @IsOptional()
  seed?: number;
}

@Controller()
class WordsController {
  constructor(@Runner(TAG) private readonly runner: LanguageModelRunner) {}

  @VtsApi({ input: new Json({ dto: GenerateDto }), output: new Text({ stream: true }) })
  words({ text, ...options }: GenerateDto): WordStream {
    return this.runner.predictStream(text, options);
  }

  @VtsApi({ input: new Json({ dto: GenerateDto }), output: Text })
  text({ text, ...options }: GenerateDto): Promise<string> {
    return this.runner.predict.run(text, options);
  }

  @VtsApi({ input: Text, output: NumpyNdarray })
  encode(text: string): Promise<Tensor> {
    return this.runner.encode.run(text);
  }

  @VtsApi({ input: Text, output: new Text({ stream: true }) })
  async *iterable(text: string): AsyncGenerator<string> {
    for (const word of text.split(',')) {
      if (word === 'fail') throw new Error('a secret of the service');
      yield word;
    }
  }

  @VtsApi({ input: Text, output: new Text({ stream: true }), timeoutMs: 120 })
  slow(text: string): Observable<string> {
    return interval(50).pipe(map((i) => `${text}${i}`));
  }

  @VtsApi({ input: Text, output: new Text({ stream: true }) })
  broken(): Observable<string> {
    return throwError(() => new Error('a secret of the service'));
  }

  @VtsApi({ input: Text, output: new Text({ stream: true }) })
  wrong(): Observable<string> {
    return interval(1).pipe(take(2)) as unknown as Observable<string>;
  }
}

interface ServerEvent {
  readonly type: string;
  readonly data: string;
}

function eventsOf(body: string): ServerEvent[] {
  expect(body.endsWith('\n\n')).toBe(true);
  return body
    .slice(0, -2)
    .split('\n\n')
    .map((event) => {
      const fields = event.split('\n').map((line) => line.split(/: ?(.*)/s));
      const values = (name: string): string[] =>
        fields.filter(([field]) => field === name).map(([, value]) => value!);
      return { type: values('event')[0] ?? 'message', data: values('data').join('\n') };
    });
}

const words = (events: readonly ServerEvent[]): string[] =>
  events.filter(({ type }) => type === 'message').map(({ data }) => data);

describe('A language model', () => {
  let home: string;
  let app: INestApplication;
  let client: HttpClient;
  let url: string;
  let runner: LanguageModelRunner;
  let learner: LMLearner;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'vts-lm-'));
    const bytes = gunzipSync(await readFile('test/fixtures/lm/untied/export.pkl.gz'));
    learner = await LMLearner.load(bytes);
    await fastai.saveModel('tiny_lm', learner, {
      store: new ModelStore(home),
      signatures: { predict: { batchable: false }, encode: { batchable: false } },
    });
    app = await startApp({
      imports: [
        VtsModule.forRoot({
          home,
          shutdown: 'application',
          runners: { tiny_lm: { workers: 1, threads: 1 } },
        }),
      ],
      controllers: [WordsController],
    });
    client = await HttpClient.of(app);
    url = (await app.getUrl()).replace('[::1]', 'localhost');
    runner = app.get<LanguageModelRunner>(getRunnerToken(TAG));
  });

  afterAll(async () => {
    await app?.close();
    await learner?.release();
    await rm(home, { recursive: true, force: true });
  });

  const post = (path: string, body: object) => client.json(path, JSON.stringify(body));

  it('continues a text through a runner as the learner does', async () => {
    const options = { temperature: 0.8, minP: 0.001, seed: 5 };
    const wanted = await learner.predict(PROMPT, 20, options);
    expect(await runner.predict.run(PROMPT, { nWords: 20, ...options })).toBe(wanted);
    expect(await runner.predict.asyncRun(PROMPT, { nWords: 20, ...options })).toBe(wanted);
    const added: string[] = [];
    for await (const word of runner.predictStream(PROMPT, { nWords: 20, ...options })) {
      added.push(word);
    }
    expect(`${await learner.predict(PROMPT, 0)} ${added.join(' ')}`).toBe(wanted);
    const spelled = { nWords: 2, seed: 1, decoder: (tokens: string[]) => [String(tokens.length)] };
    expect(await runner.predict.run(PROMPT, spelled)).toBe(
      await learner.predict(PROMPT, 2, { seed: 1, decoder: spelled.decoder }),
    );
  });

  it('gives probabilities and encodings through a runner', async () => {
    expect(runner.kind).toBe('lm');
    expect(runner.vocab).toEqual(learner.vocab);
    const [probs] = await runner.getPreds.run([PROMPT]);
    expect(probs.data).toEqual((await learner.getPreds([PROMPT]))[0].data);
    expect((await runner.encode.run(PROMPT)).data).toEqual((await learner.encode(PROMPT)).data);
    const { json } = await client.text('/encode', PROMPT);
    expect(json).toHaveLength(10);
  });

  it('streams an event a word, and one at the end', async () => {
    const body = { text: PROMPT, nWords: 30, seed: 2 };
    const answer = await post('/words', body);
    expect(answer.status).toBe(200);
    expect(answer.type).toBe('text/event-stream');
    expect(answer.headers.get('cache-control')).toBe('no-cache');
    const events = eventsOf(answer.text);
    expect(events.at(-1)).toEqual({ type: 'end', data: '' });
    const { text } = await post('/text', body);
    expect([await learner.predict(PROMPT, 0), ...words(events)].join(' ')).toBe(text);
  });

  it('ends at once if no word is requested', async () => {
    for (const nWords of [0, -3]) {
      expect(eventsOf((await post('/words', { text: '', nWords })).text)).toEqual([
        { type: 'end', data: '' },
      ]);
    }
    expect((await post('/text', { text: '', nWords: 0 })).text).toBe('');
    expect((await post('/text', { text: 'it was', nWords: -1 })).text).toBe('it was');
  });

  it('takes a text of 5,000 tokens', async () => {
    const text = 'the film was great '.repeat(1250);
    const { status, text: answer } = await post('/text', { text, nWords: 3, seed: 1 });
    expect(status).toBe(200);
    expect(answer.split(' ').length).toBeGreaterThan(4999);
  });

  it.each([
    [{ text: PROMPT, nWords: 1e9 }, /nWords must not be greater than 1000000/],
    [{ text: PROMPT, nWords: 1.5 }, /nWords must be an integer/],
    [{ text: PROMPT, temperature: 0 }, /temperature is 0; pass a number above 0/],
    [{ text: PROMPT, temperature: -1 }, /temperature is -1/],
    [{ text: PROMPT, topK: 5 }, /property topK should not exist/],
    [{ text: 7 }, /text must be a string/],
    [{}, /text must be a string/],
  ])('refuses %o', async (body, message) => {
    const { status, json } = await post('/words', body);
    expect(status).toBe(400);
    expect(json).toMatchObject({ statusCode: 400, error: 'Bad Request' });
    expect((json as { message: string }).message).toMatch(message);
  });

  it('does not keep short texts waiting for a long one', async () => {
    let done = false;
    const stop = new AbortController();
    const long = runner.predict
      .run(PROMPT, { nWords: 1e9, signal: stop.signal })
      .finally(() => (done = true))
      .catch((error: unknown) => error);
    for (let i = 0; i < 10; i++) {
      expect(await runner.predict.run('it was', { nWords: 2 })).toMatch(/^it was/);
    }
    expect(done).toBe(false);
    stop.abort();
    expect(String(await long)).toMatch(/RunAbortedError: predict\(\)/);
  });

  it('stops when the client leaves', async () => {
    const leave = new AbortController();
    const response = await fetch(`${url}/words`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text: PROMPT, nWords: 1_000_000 }),
      signal: leave.signal,
    });
    const reader = response.body!.getReader();
    expect((await reader.read()).done).toBe(false);
    leave.abort();
    await expect
      .poll(() => runner.stats, { timeout: 5000 })
      .toMatchObject({ running: 0, queued: 0 });
    const { completed } = runner.stats;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(runner.stats.completed).toBe(completed);
  });

  it('stops when nobody listens to its words', async () => {
    let heard = 0;
    for await (const _word of runner.predictStream(PROMPT, { nWords: 1e9 }))
      if (++heard === 3) break;
    await new Promise<void>((resolve) => {
      const listening = runner.predictStream(PROMPT, { nWords: 1e9 }).subscribe(() => {
        listening.unsubscribe();
        resolve();
      });
    });
    await expect
      .poll(() => runner.stats, { timeout: 5000 })
      .toMatchObject({ running: 0, queued: 0 });
  });

  it('gives up when its deadline has passed', async () => {
    await expect(runner.predict.run(PROMPT, { nWords: 1e9, timeoutMs: 40 })).rejects.toThrow(
      /did not finish predict\(\) within 40 ms/,
    );
    const { status, text } = await client.text('/slow', 'tick');
    expect(status).toBe(200);
    const events = eventsOf(text);
    expect(words(events)[0]).toBe('tick0');
    expect(events.at(-1)!.type).toBe('error');
    expect(JSON.parse(events.at(-1)!.data)).toMatchObject({
      statusCode: 504,
      error: 'Gateway Timeout',
    });
  });

  it('streams the values of any handler, and reports a failure', async () => {
    const { text } = await client.text('/iterable', 'a,two\nlines, b,,\r');
    expect(eventsOf(text)).toEqual([
      { type: 'message', data: 'a' },
      { type: 'message', data: 'two\nlines' },
      { type: 'message', data: ' b' },
      { type: 'message', data: '' },
      { type: 'message', data: '\n' },
      { type: 'end', data: '' },
    ]);
    const failed = eventsOf((await client.text('/iterable', 'a,fail')).text);
    expect(failed.map(({ type }) => type)).toEqual(['message', 'error']);
    expect(JSON.parse(failed[1]!.data)).toEqual({
      statusCode: 500,
      message: 'Internal server error',
      error: 'Internal Server Error',
    });
  });

  it('answers with an ordinary error if it fails before the first word', async () => {
    for (const path of ['/broken', '/wrong']) {
      const { status, type, json } = await client.text(path, '');
      expect(status).toBe(500);
      expect(type).toMatch(/^application\/json/);
      expect(json).toMatchObject({ statusCode: 500, message: 'Internal server error' });
    }
  });

  it('is documented', () => {
    const { paths, components } = createVtsDocument(app);
    const operation = paths['/words']!.post!;
    expect(operation.requestBody).toMatchObject({
      content: { 'application/json': { schema: { $ref: '#/components/schemas/GenerateDto' } } },
    });
    expect(components!.schemas!['GenerateDto']).toMatchObject({
      properties: { nWords: { type: 'integer', maximum: 1_000_000 } },
    });
    expect(operation.responses['200']).toMatchObject({
      content: { 'text/event-stream': { schema: { type: 'string' } } },
    });
  });

  it('can be replaced in a test', async () => {
    const double = {
      predictStream: (text: string, { nWords = 1 }: StreamRunOptions = {}) =>
        Array.from({ length: nWords }, () => text),
    };
    const other = await startApp(
      { imports: [VtsModule.forRoot({ home: 'nowhere' })], controllers: [WordsController] },
      {
        overrides: (builder) =>
          builder.overrideProvider(getRunnerToken(TAG)).useValue({
            ...double,
            predictStream: async function* (...given: Parameters<typeof double.predictStream>) {
              yield* double.predictStream(...given);
            },
          }),
      },
    );
    const answer = await (await HttpClient.of(other)).json('/words', '{"text":"so","nWords":2}');
    expect(words(eventsOf(answer.text))).toEqual(['so', 'so']);
    await other.close();
  });
});
