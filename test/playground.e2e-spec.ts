import { mkdtempSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Controller,
  Injectable,
  Scope,
  UnauthorizedException,
  VersioningType,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ApiProperty } from '@nestjs/swagger';
import { IsInt, IsString } from 'class-validator';
import {
  InvalidPlaygroundError,
  Json,
  ModelNotFoundError,
  ModelStore,
  NumpyNdarray,
  setupVtsPlayground,
  Text,
  VtsApi,
  VtsModule,
  type FastaiRunner,
  type LanguageModelRunner,
  type PytorchRunner,
  type Tensor,
  type VtsPlaygroundOptions,
} from 'nestjs-vts';
import { parquetWriteBuffer } from 'hyparquet-writer';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MASK_COLOURS } from '../lib/nest/playground/palette.js';
import { HttpClient, type Answer } from './helpers/http-client.js';
import { fixture, KINDS, saveKinds } from './helpers/served-kinds.js';
import { startApp } from './helpers/testing-app.js';

const image = (name: string): Buffer => fixture(`vision/images/${name}`);
type Name = (typeof KINDS)[number];

const home = mkdtempSync(join(tmpdir(), 'vts-playground-'));
const store = new ModelStore(home);
const runners = new Map<string, { close(): Promise<void> }>();

async function runnerOf<Runner>(name: Name): Promise<Runner> {
  const known = runners.get(name);
  if (known) return known as unknown as Runner;
  const model = await store.get(name);
  const runner = model.toRunner({ workers: 1 }) as {
    open(): Promise<void>;
    close(): Promise<void>;
  };
  await runner.open();
  runners.set(name, runner);
  return runner as unknown as Runner;
}

class ReviewDto {
  @ApiProperty({ type: 'string' })
  @IsString()
  text!: string;

  @ApiProperty({ type: 'integer' })
  @IsInt()
  stars!: number;
}

@Controller('reviews')
class ReviewsController {
  @VtsApi({ input: Text.fromSample('<img src=x onerror=alert(1)>'), output: NumpyNdarray })
  score(text: string): number[] {
    return [text.length];
  }

  @VtsApi({ input: new Json({ dto: ReviewDto }), output: Json, route: 'check' })
  check(review: ReviewDto): object {
    return review;
  }

  @VtsApi({ input: Text, output: new Text({ stream: true }), route: 'of/:user' })
  async *of(text: string): AsyncGenerator<string> {
    yield text;
  }
}

interface Card {
  readonly name: string;
  readonly tag?: string;
  readonly description: { readonly kind: string; readonly task?: string } & Record<string, unknown>;
  readonly routes: Readonly<Record<string, string>>;
  readonly samples?: readonly { readonly name: string; readonly url: string }[];
}
const cardsOf = ({ json }: Answer): readonly Card[] => (json as { models: readonly Card[] }).models;

const start = async (
  options: VtsPlaygroundOptions,
  adjust: (app: INestApplication) => void = () => undefined,
  guards: readonly object[] = [],
): Promise<INestApplication> =>
  startApp(
    {
      imports: [VtsModule.forRoot({ home })],
      controllers: [ReviewsController],
      providers: guards as never,
    },
    {
      app: (app) => {
        adjust(app);
        setupVtsPlayground(app, options);
      },
    },
  );

beforeAll(async () => {
  await saveKinds(store);
}, 120_000);
afterAll(async () => {
  await Promise.all([...runners.values()].map((runner) => runner.close()));
  await rm(home, { recursive: true });
});

describe('Models of a playground', () => {
  let app: INestApplication;
  let client: HttpClient;
  const at = (name: Name, endpoint = 'predict'): string => `/playground/models/${name}/${endpoint}`;

  beforeAll(async () => {
    app = await start({ models: KINDS });
    client = await HttpClient.of(app);
  }, 120_000);
  afterAll(() => app.close());

  it('have cards that describe them', async () => {
    const answer = await client.get('/playground/api/models');
    expect(answer.status).toBe(200);
    const cards = cardsOf(answer).filter(({ tag }) => tag !== undefined);
    expect(cards.map(({ name }) => name)).toEqual(KINDS);
    for (const { name, tag, description, routes } of cards) {
      expect(tag).toMatch(new RegExp(`^${name}:.`));
      expect(routes['predict']).toBe(`models/${name}/predict`);
      const { kind } = description;
      if (kind === 'module') expect(Object.keys(routes)).toEqual(['predict']);
      else {
        const runner = await runnerOf<FastaiRunner>(name as Name);
        expect(description).toEqual(JSON.parse(JSON.stringify(runner.description)));
        expect(routes['show']).toBe(`models/${name}/show`);
      }
    }
    const explained = cards.filter(({ routes }) => routes['explain'] !== undefined);
    expect(explained.map(({ name }) => name)).toEqual([
      'text',
      'labels',
      'number',
      'picture',
      'pictures',
      'rows',
      'ratings',
    ]);
  });

  it.each(['text', 'labels', 'number'] as const)('predict from texts: %s', async (name) => {
    const runner = await runnerOf<FastaiRunner<string>>(name);
    for (const text of ['I really liked that movie!', '', '<b>& "quoted"</b>']) {
      const [decoded, target, probs] = await runner.predict.run(text);
      const { status, json } = await client.text(at(name), text);
      expect(status).toBe(200);
      const numbers = (tensor: Tensor): number[] => Array.from(tensor.data as never, Number);
      const { prediction, target: given, probabilities } = json as Record<string, unknown>;
      expect(prediction).toEqual(decoded);
      expect([given].flat()).toEqual(numbers(target));
      expect([probabilities].flat()).toEqual(numbers(probs));
      const { threshold } = runner.description;
      expect((json as { threshold?: number }).threshold).toBe(threshold);
    }
  });

  it.each(['picture', 'pictures', 'amounts'] as const)('predict from images: %s', async (name) => {
    const runner = await runnerOf<FastaiRunner>(name);
    for (const file of ['rgb.png', 'q70.jpg']) {
      const [decoded, , probs] = await runner.predict.run(image(file));
      const { status, json } = await client.post(at(name), undefined, image(file));
      expect(status).toBe(200);
      const { prediction, probabilities } = json as Record<string, unknown>;
      expect(prediction).toEqual(decoded);
      expect([probabilities].flat()).toEqual(Array.from(probs.data as Float32Array));
    }
  });

  it('predict images as PNGs', async () => {
    const runner = await runnerOf<FastaiRunner<Buffer, Tensor>>('drawing');
    const [drawn, , probs] = await runner.predict.run(image('rgb.png'));
    const [channels = 0, height = 0, width = 0] = drawn.dims;
    const planes = Array.from(drawn.data as BigInt64Array, Number);
    const size = height * width;
    const wanted = planes.map(
      (_, at) => planes[(at % channels) * size + Math.floor(at / channels)],
    );
    const address = `${at('drawing')}?probabilities=true`;
    const { json } = await client.post(address, 'image/png', image('rgb.png'));
    const { prediction, probabilities } = json as {
      prediction: { width: number; height: number; png: string };
      probabilities: number[][][];
    };
    expect([prediction.width, prediction.height]).toEqual([width, height]);
    expect([...(await sharp(Buffer.from(prediction.png, 'base64')).raw().toBuffer())]).toEqual(
      wanted,
    );
    expect(probabilities.flat(2)).toEqual(Array.from(probs.data as Float32Array));
    const response = await fetch(
      `${(await app.getUrl()).replace('[::1]', 'localhost')}${at('drawing')}`,
      {
        method: 'POST',
        headers: { accept: 'image/png', 'content-type': 'image/png' },
        body: new Uint8Array(image('rgb.png')),
      },
    );
    expect(response.headers.get('content-type')).toBe('image/png');
    const sent = sharp(Buffer.from(await response.arrayBuffer()));
    expect([...(await sent.raw().toBuffer())]).toEqual(wanted);
  });

  it('predict masks as PNGs of class indices', async () => {
    const runner = await runnerOf<FastaiRunner<Buffer, Tensor>>('mask');
    const [mask, , probs] = await runner.predict.run(image('rgb.png'));
    const [height, width] = mask.dims as [number, number];
    const wanted = Array.from(mask.data as BigInt64Array, Number);
    const { json } = await client.post(at('mask'), 'image/png', image('rgb.png'));
    const { prediction, classes, shares, probabilities } = json as {
      prediction: { width: number; height: number; png: string };
      classes: string[];
      shares: number[];
      probabilities?: unknown;
    };
    expect([prediction.width, prediction.height, probabilities]).toEqual([
      width,
      height,
      undefined,
    ]);
    const png = Buffer.from(prediction.png, 'base64');
    const { data, info } = await sharp(png)
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([width, height]);
    const colours = wanted.flatMap((index) => [...MASK_COLOURS[index]!]);
    expect([...data]).toEqual(colours);
    expect(classes).toEqual(runner.description.classes);
    expect(shares).toEqual(
      classes.map((_, i) => wanted.filter((index) => index === i).length / wanted.length),
    );
    const whole = await client.post(
      `${at('mask')}?probabilities=true`,
      'image/png',
      image('rgb.png'),
    );
    const given = (whole.json as { probabilities: number[][][] }).probabilities;
    expect(given.flat(2)).toEqual(Array.from(probs.data as Float32Array));
    const response = await fetch(
      `${(await app.getUrl()).replace('[::1]', 'localhost')}${at('mask')}`,
      {
        method: 'POST',
        headers: { accept: 'image/png', 'content-type': 'image/png' },
        body: new Uint8Array(image('rgb.png')),
      },
    );
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(Buffer.from(await response.arrayBuffer()).equals(png)).toBe(true);
  });

  it('predict points in pixels of the image that the model saw', async () => {
    const runner = await runnerOf<FastaiRunner<Buffer, Tensor>>('points');
    const [points] = await runner.predict.run(image('rgb.png'));
    const shown = await runner.show.run(image('rgb.png'));
    const { json } = await client.post(at('points'), 'image/png', image('rgb.png'));
    const { prediction, width, height } = json as {
      prediction: number[][];
      width: number;
      height: number;
    };
    expect(prediction.flat()).toEqual(Array.from(points.data as Float32Array));
    expect({ width, height }).toEqual(
      'image' in shown && { width: shown.image.width, height: shown.image.height },
    );
  });

  it('predict from rows, one or many, as JSON and as CSV', async () => {
    const runner = await runnerOf<FastaiRunner<object, never>>('rows');
    const { columns } = runner.schema!;
    const row = Object.fromEntries(columns.map(({ name, example }) => [name, example]));
    const [, , probs] = await runner.predict.run(row);
    const one = await client.json(at('rows'), JSON.stringify(row));
    expect(one.status).toBe(200);
    const wanted = one.json as { prediction: unknown; decoded: object; probabilities: number[] };
    expect([wanted.probabilities].flat()).toEqual(Array.from(probs.data as Float32Array));
    expect(wanted.decoded).toBeTypeOf('object');
    const many = await client.json(at('rows'), JSON.stringify(Array(200).fill(row)));
    expect((many.json as { predictions: unknown[] }).predictions).toEqual(Array(200).fill(wanted));

    const cells = (value: unknown): string =>
      typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value ?? '');
    const names = columns.map(({ name }) => name);
    const line = names.map((name) => cells(row[name])).join(',');
    const csv = `id,${names.join(',')}\r\n"a ""b""",${line}\r\n2,${line}\r\n`;
    const table = await client.post(at('rows'), 'text/csv', csv);
    expect((table.json as { predictions: unknown[] }).predictions).toEqual([wanted, wanted]);
    const scored = await client.post(at('rows'), 'text/csv', csv, { accept: 'text/csv' });
    expect(scored.type).toBe('text/csv; charset=utf-8');
    const [header, first, ...others] = scored.text.trimEnd().split('\n');
    expect(header).toMatch(new RegExp(`^id,${names.join(',')},prediction`));
    expect(first?.startsWith(`"a ""b""",${line},${String(wanted.prediction)}`)).toBe(true);
    expect(others).toHaveLength(1);
    const types = { number: 'DOUBLE', boolean: 'BOOLEAN', string: 'STRING' } as const;
    const columnData = names.map((name) => {
      const type = types[typeof row[name] as keyof typeof types];
      return { name, data: [row[name], row[name]], type };
    });
    const parquet = new Uint8Array(parquetWriteBuffer({ columnData }));
    const stored = await client.post(at('rows'), 'application/vnd.apache.parquet', parquet);
    expect(stored.json).toEqual({ predictions: [wanted, wanted] });
  });

  it.each<[string, string, string, RegExp]>([
    ['no row', 'application/json', '3', /not a JSON object/],
    ['no row among rows', 'application/json', '[{}, 1]', /row 1 \(counted from 0\)/],
    ['a row without its columns', 'application/json', '[{}]', /row 0 \(counted from 0\) cannot/],
    ['CSV without columns', 'text/csv', 'a,b\n1,2\n', /the CSV has no column/],
    ['an empty CSV', 'text/csv', '', /the CSV is empty/],
  ])('refuse %s', async (_name, type, body, message) => {
    const { status, json } = await client.post(at('rows'), type, body);
    expect([status, (json as { message: string }).message]).toEqual([
      400,
      expect.stringMatching(message),
    ]);
  });

  it('predict ratings of a user and an item', async () => {
    const runner = await runnerOf<FastaiRunner<object, never>>('ratings');
    const row = Object.fromEntries(
      runner.schema!.columns.map(({ name, example }) => [name, example]),
    );
    const [, , probs] = await runner.predict.run(row);
    const { json } = await client.json(at('ratings'), JSON.stringify(row));
    expect([(json as { probabilities: unknown }).probabilities].flat()).toEqual([
      ...(probs.data as Float32Array),
    ]);
  });

  it('run a layer of PyTorch on arrays', async () => {
    const runner = await runnerOf<PytorchRunner>('layer');
    const shape = runner.inputs[0]!.shape;
    const row = Array.from({ length: shape.at(-1) ?? 1 }, (_, i) => i / 10);
    const wanted = await runner.run([row]);
    const { json } = await client.json(at('layer'), JSON.stringify([row]));
    expect((json as { prediction: number[][] }).prediction.flat()).toEqual([
      ...(wanted.data as Float32Array),
    ]);
    expect(await client.json(at('layer', 'show'), '[[1]]')).toMatchObject({
      status: 404,
      json: { message: 'The model "layer" has no show; use predict.' },
    });
  });

  describe('that continue texts', () => {
    const PROMPT = 'I really liked';
    const words = (body: string): string[] =>
      body
        .split('\n\n')
        .filter((event) => event !== '' && !event.startsWith('event:'))
        .map((event) => event.slice('data: '.length));

    it('add words, with options', async () => {
      const runner = await runnerOf<LanguageModelRunner>('words');
      const options = { nWords: 12, temperature: 0.8, minP: 0.001, seed: 7 };
      const wanted = await runner.predict.run(PROMPT, options);
      const body = JSON.stringify({ text: PROMPT, ...options });
      expect(await client.json(at('words'), body)).toMatchObject({
        status: 200,
        json: { prediction: wanted },
      });
      const plain = await client.text(at('words'), PROMPT);
      const { prediction } = plain.json as { prediction: string };
      expect(prediction.split(' ').length).toBeGreaterThan(10);
    });

    it('stream words', async () => {
      const runner = await runnerOf<LanguageModelRunner>('words');
      const wanted: string[] = [];
      for await (const word of runner.predictStream(PROMPT, { nWords: 12, seed: 7 })) {
        wanted.push(word);
      }
      const body = JSON.stringify({ text: PROMPT, nWords: 12, seed: 7 });
      const answer = await client.json(at('words'), body, { accept: 'text/event-stream' });
      expect(answer.type).toBe('text/event-stream');
      expect(words(answer.text)).toEqual(wanted);
    });

    it('end before a stop, in a stream too', async () => {
      const runner = await runnerOf<LanguageModelRunner>('words');
      const options = { nWords: 12, seed: 7 };
      const whole = await runner.predict.run(PROMPT, options);
      const added: string[] = [];
      for await (const word of runner.predictStream(PROMPT, options)) added.push(word);
      const stop = added.slice(4, 6).join(' ');
      const body = JSON.stringify({ text: PROMPT, ...options, stop });
      const { json } = await client.json(at('words'), body);
      const { prediction } = json as { prediction: string };
      const before = added.slice(0, added.join(' ').indexOf(stop) === 0 ? 0 : 4);
      expect(whole.startsWith(prediction)).toBe(true);
      const prompt = await runner.predict.run(PROMPT, { nWords: 0 });
      expect(prediction).toBe([prompt, ...before].join(' '));
      const streamed = await client.json(at('words'), body, { accept: 'text/event-stream' });
      expect(words(streamed.text)).toEqual(before);
    });

    it.each([
      [{ text: PROMPT, nWords: 10_001 }, /up to 10000 words/],
      [{ text: PROMPT, nWords: '3' }, /nWords/],
      [{ text: PROMPT, temperature: 0 }, /temperature/],
      [{ text: PROMPT, stop: 3 }, /"stop" is not a string/],
      [{ text: PROMPT, n_words: 3 }, /"n_words" is not an option/],
      [{ nWords: 3 }, /"text" is not a string/],
      [[PROMPT], /not a JSON object/],
    ])('refuse %j', async (body, message) => {
      const { status, json } = await client.json(at('words'), JSON.stringify(body));
      expect([status, (json as { message: string }).message]).toEqual([
        400,
        expect.stringMatching(message),
      ]);
    });
  });

  it('show what they see', async () => {
    const text = await runnerOf<FastaiRunner<string>>('text');
    const shown = await client.text(at('text', 'show'), 'I liked it');
    expect(shown.json).toEqual(await text.show.run('I liked it'));
    const tokens = await client.text(at('words', 'show'), 'I liked it');
    expect((tokens.json as { tokens: string[] }).tokens[0]).toBe('xxbos');
    const picture = await runnerOf<FastaiRunner>('picture');
    const seen = await picture.show.run(image('q70.jpg'));
    if (!('image' in seen)) throw new Error('no image');
    const { json } = await client.post(at('picture', 'show'), 'image/jpeg', image('q70.jpg'));
    const { width, height, png } = (
      json as { image: { width: number; height: number; png: string } }
    ).image;
    expect([width, height]).toEqual([seen.image.width, seen.image.height]);
    const pixels = sharp(Buffer.from(png, 'base64')).raw();
    expect([...(await pixels.toBuffer())]).toEqual([...seen.image.data]);
    const rows = await runnerOf<FastaiRunner<object>>('rows');
    const row = Object.fromEntries(
      rows.schema!.columns.map(({ name, example }) => [name, example]),
    );
    const cells = await client.json(at('rows', 'show'), JSON.stringify(row));
    expect(cells.json).toEqual(JSON.parse(JSON.stringify(await rows.show.run(row))));
    expect(await client.json(at('rows', 'show'), JSON.stringify([row, row]))).toMatchObject({
      status: 400,
      json: { message: 'Rows: the body has 2 rows; send one row.' },
    });
  });

  it('explain why', async () => {
    const runner = await runnerOf<FastaiRunner<string>>('text');
    const text = 'I really liked that movie!';
    for (const target of [undefined, 'neg', 1]) {
      const wanted = await runner.explain.run(text, target === undefined ? {} : { target });
      if (wanted.method !== 'occlusion') throw new Error(wanted.method);
      const query = target === undefined ? '' : `?target=${target}`;
      const { json } = await client.text(`${at('text', 'explain')}${query}`, text);
      expect(json).toEqual({
        method: 'occlusion',
        class: wanted.class,
        target: wanted.target,
        parts: wanted.parts.map(({ token, weight }) => ({ name: token, weight })),
      });
    }
    const unknown = await client.text(`${at('text', 'explain')}?target=nobody`, text);
    expect(unknown.status).toBe(400);
  });
});

describe('The page of a playground', () => {
  let app: INestApplication;
  let client: HttpClient;
  const samples = mkdtempSync(join(tmpdir(), 'vts-samples-'));

  beforeAll(async () => {
    await writeFile(join(samples, '<b>a.jpg'), image('q70.jpg'));
    await writeFile(join(samples, 'b.txt'), 'I liked it');
    await writeFile(join(samples, 'c.json'), '{}');
    await mkdir(join(samples, 'd.png'));
    app = await start(
      { path: '/try/it/', samples, models: ['picture', 'picture', 'text'] },
      (made) => {
        made.setGlobalPrefix('api');
        made.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
      },
    );
    client = await HttpClient.of(app);
  }, 60_000);
  afterAll(async () => {
    await app.close();
    await rm(samples, { recursive: true });
  });

  it('is served with a strict policy, and checked by its ETag', async () => {
    const page = await client.get('/try/it/');
    expect([page.status, page.type]).toEqual([200, 'text/html; charset=utf-8']);
    const policy = page.headers.get('content-security-policy');
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'; /);
    expect(policy).not.toContain('unsafe');
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    const again = { 'if-none-match': page.headers.get('etag') ?? '' };
    expect(await client.get('/try/it/', again)).toMatchObject({ status: 304, text: '' });
    const scripts = [...page.text.matchAll(/(?:src|href)="?\.\/(assets\/[\w.-]+)/g)];
    expect(scripts.length).toBeGreaterThan(0);
    for (const [, path] of scripts) {
      const file = await client.get(`/try/it/${path}`);
      expect(file.status).toBe(200);
      expect(file.headers.get('cache-control')).toContain('immutable');
    }
  });

  it('ends with a slash, whatever its prefix', async () => {
    const url = (await app.getUrl()).replace('[::1]', 'localhost');
    const response = await fetch(`${url}/try/it?a=1`, { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([308, 'it/?a=1']);
  });

  it.each([
    '/try/it/../../package.json',
    '/try/it/assets/',
    '/try/it/%2e%2e/index.js',
    '/try/it/samples/2',
  ])('has nothing at %s', async (path) => {
    expect((await client.get(path)).status).toBe(404);
  });

  it('has cards of the models, named apart, with samples of their kind', async () => {
    const cards = cardsOf(await client.get('/try/it/api/models'));
    const [first, second, text] = cards;
    expect([first?.name, second?.name, text?.name]).toEqual(['picture', 'picture-2', 'text']);
    expect(first?.samples).toEqual([{ name: '<b>a.jpg', url: 'samples/0' }]);
    expect(text?.samples).toEqual([{ name: 'b.txt', url: 'samples/1' }]);
    const sample = await client.get('/try/it/samples/1');
    expect([sample.type, sample.text]).toEqual(['text/plain; charset=utf-8', 'I liked it']);
    const answer = await client.text('/try/it/models/text/predict', 'I liked it');
    expect(answer.status).toBe(200);
  });

  it('has cards of the endpoints, with prefix and version, and no references', async () => {
    const cards = cardsOf(await client.get('/try/it/api/models'));
    const endpoints = cards.filter(({ description }) => description.kind === 'endpoint');
    // The page has fields for parameters.
    expect(endpoints.map(({ name, routes }) => [name, routes['predict']])).toEqual([
      ['api/v1/reviews/score', '../../api/v1/reviews/score'],
      ['api/v1/reviews/check', '../../api/v1/reviews/check'],
      ['api/v1/reviews/of/:user', '../../api/v1/reviews/of/:user'],
    ]);
    const [score, check] = endpoints;
    expect(score?.description).toMatchObject({
      input: { type: 'text', contentTypes: ['text/plain'], sample: '<img src=x onerror=alert(1)>' },
      output: { type: 'ndarray', stream: false },
    });
    expect(check?.description).toMatchObject({
      input: {
        type: 'json',
        schema: { properties: { text: { type: 'string' }, stars: { type: 'integer' } } },
      },
    });
    expect(JSON.stringify(cards)).not.toContain('$ref');
    const url = new URL(score!.routes['predict']!, 'http://host/try/it/').pathname;
    expect(await client.text(url, 'abc')).toMatchObject({ status: 200, json: [3] });
  });
});

@Injectable()
class KeyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    if (headers['x-api-key'] === 'secret') return true;
    throw new UnauthorizedException('Send the key.');
  }
}

@Injectable({ scope: Scope.REQUEST })
class RequestGuard extends KeyGuard {}

describe('A playground behind guards', () => {
  it.each([
    ['of a provider', [{ provide: APP_GUARD, useClass: KeyGuard }], () => undefined],
    ['of the application', [], (app: INestApplication) => void app.useGlobalGuards(new KeyGuard())],
  ])('is open, and what it asks for is not: a guard %s', async (_name, guards, adjust) => {
    const app = await start({ models: ['text'] }, adjust, guards);
    try {
      const client = await HttpClient.of(app);
      const key = { 'x-api-key': 'secret' };
      expect((await client.get('/playground/')).status).toBe(200);
      const refused = { statusCode: 401, message: 'Send the key.', error: 'Unauthorized' };
      const path = '/playground/models/text/predict';
      expect((await client.get('/playground/api/models')).json).toEqual(refused);
      expect((await client.text(path, 'a')).json).toEqual(refused);
      expect((await client.get('/playground/api/models', key)).status).toBe(200);
      expect((await client.text(path, 'a', key)).status).toBe(200);
      expect((await client.post(path, 'application/pdf', 'a', key)).status).toBe(415);
    } finally {
      await app.close();
    }
  });

  it('is refused if a guard would be skipped', async () => {
    const guards = [{ provide: APP_GUARD, useClass: RequestGuard }];
    await expect(start({}, undefined, guards)).rejects.toThrow(InvalidPlaygroundError);
  });
});

describe('A playground is refused', () => {
  it('at a path that is none, with samples that are none, and without the module', async () => {
    await expect(start({ path: 'a b' })).rejects.toThrow('the path "a b" cannot be used');
    await expect(start({ samples: join(home, 'none') })).rejects.toThrow('no folder at');
    await expect(start({ samples: home })).rejects.toThrow('no image or text in');
    const bare = startApp({}, { app: (app) => setupVtsPlayground(app) });
    await expect(bare).rejects.toThrow('does not import VtsModule');
  });

  it('with a model that is not in the store, when the application starts', async () => {
    await expect(start({ models: ['nobody'] })).rejects.toThrow(ModelNotFoundError);
  });
});
