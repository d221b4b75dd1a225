import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkAnswer } from './fuzz/answer.js';
import { frameFile, makeFiles, makePictures, type Picture } from './fuzz/bodies.js';
import type { Content, Endpoint } from './fuzz/endpoints.js';
import { Jobs } from './fuzz/jobs.js';
import { fireBytes, Gun, type Hit, type Shot } from './fuzz/http.js';
import { multipart } from './fuzz/multipart.js';
import { removeSetup } from './fuzz/sample-setup.js';
import { attempts, brokenRequests } from './fuzz/requests.js';
import { ErrorLog, startSamples, type Sample } from './fuzz/samples.js';
import { mutants, resolved, validValues } from './fuzz/schema-values.js';

/**
 * VTS_FUZZ_SECONDS makes it a longer run (600 and more by hand), VTS_FUZZ_SEED another one. A
 * failure prints seed and path of the request that is to blame, as small as it could be made.
 */
const SECONDS = Number(process.env['VTS_FUZZ_SECONDS'] ?? 14);
const SEED = Number(process.env['VTS_FUZZ_SEED'] ?? (SECONDS > 14 ? Date.now() % 2 ** 31 : 8));
/** Goes on after a failure and tells one of each kind at the end. */
const KEEP_GOING = process.env['VTS_FUZZ_KEEP_GOING'] === '1';
const SETTLE_MS = 20_000;

/**
 * A document of nested lists can say neither that rows are of one length, nor which ids a model
 * knows.
 */
const REFUSE_MORE = new Set(['/logits']);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Runs a property until its share of the time is over. */
async function forAll<T>(
  share: number,
  values: fc.Arbitrary<T>,
  holds: (value: T) => Promise<void>,
  show: (value: T) => string,
): Promise<void> {
  const failures = new Map<string, string>();
  const property = fc.asyncProperty(values, async (value) => {
    try {
      await holds(value);
    } catch (error) {
      if (!KEEP_GOING) throw error;
      const { message } = error as Error;
      const kind = message.replace(/\d+/g, '0').slice(0, 60);
      if (!failures.has(kind)) failures.set(kind, `${message}\n  ${show(value)}`);
    }
  });
  const { failed, counterexample, counterexamplePath, errorInstance, numRuns } = await fc.check(
    property,
    {
      seed: SEED,
      numRuns: 1_000_000,
      interruptAfterTimeLimit: share * SECONDS * 1000,
      markInterruptAsFailure: false,
    },
  );
  if (failed && counterexample) {
    const { message } = errorInstance as Error;
    throw new Error(
      `seed ${SEED}, path ${counterexamplePath}: ${message}\nin\n${show(counterexample[0])}`,
      { cause: errorInstance },
    );
  }
  expect([...failures.values()]).toEqual([]);
  expect(numRuns).toBeGreaterThan(0);
}

/** A request in one line. */
function shown({ method, path, headers, body, sending, leaves }: Shot): string {
  const text = Buffer.from(body?.subarray(0, 300) ?? '').toString('latin1');
  return `${method} ${path} ${JSON.stringify({ headers, sending, leaves, length: body?.length })} ${JSON.stringify(text)}`;
}

describe('The samples under fire', { timeout: (SECONDS + 300) * 1000 }, () => {
  const log = new ErrorLog();
  const guns = new Map<number, Gun>();
  const expected = new Map<Endpoint, string>();
  let samples: Sample[] = [];
  let endpoints: Endpoint[] = [];
  let pictures: Picture[] = [];
  let files: Uint8Array[] = [];
  let shots = 0;
  const jobs = new Jobs();

  const fire = async (endpoint: Endpoint, shot: Shot): Promise<Hit | undefined> => {
    shots++;
    try {
      const hit = await (guns.get(endpoint.port) as Gun).fire(shot);
      jobs.taken(endpoint, hit);
      return hit;
    } catch (error) {
      throw new Error(`${shot.method} ${shot.path}: ${(error as Error).message}`, { cause: error });
    }
  };

  /** A good request is answered as it was before anything happened. */
  const stillServes = async (endpoint: Endpoint): Promise<void> => {
    const hit = await fire(endpoint, endpoint.good);
    expect(hit && comparable(hit)).toBe(expected.get(endpoint));
  };

  const answersWell = async (endpoint: Endpoint, shot: Shot): Promise<Hit | undefined> => {
    const hit = await fire(endpoint, shot);
    const own = shot.path.split(/[?#]/, 1)[0] === endpoint.path;
    try {
      if (hit) checkAnswer(hit, own ? endpoint : undefined, shot.method);
      nothingLogged();
    } catch (error) {
      throw new Error(`${(error as Error).message}\n  ${shown(shot)}`, { cause: error });
    }
    return hit;
  };

  /** No request is a fault of the service. */
  const nothingLogged = (): void => {
    const lines = log.lines.splice(0);
    if (lines.length > 0) throw new Error(`logged: ${lines.join('\n')}`);
  };

  beforeAll(async () => {
    samples = await startSamples(log);
    endpoints = samples.flatMap((sample) => sample.endpoints);
    for (const { port } of samples) guns.set(port, new Gun(port));
    pictures = await makePictures();
    files = [
      ...(await makeFiles(pictures)),
      ...endpoints.map(({ good }) => good.body as Uint8Array),
    ];
    for (const endpoint of endpoints) {
      const hit = await fire(endpoint, endpoint.good);
      expect([endpoint.path, hit?.status, hit?.body.toString().slice(0, 300)]).toEqual([
        endpoint.path,
        endpoint.success,
        expect.any(String),
      ]);
      expected.set(endpoint, comparable(hit as Hit));
    }
  }, 120_000);

  afterAll(async () => {
    for (const gun of guns.values()) gun.close();
    await Promise.all(samples.map(({ app }) => app.close()));
    await removeSetup();
  });

  it('answer every request in a documented way, and go on serving', async () => {
    let round = 0;
    const some = fc.array(attempts(endpoints, files), { minLength: 1, maxLength: 6 });
    await forAll(
      0.5,
      some,
      async (all) => {
        await Promise.all(all.map(({ endpoint, shot }) => answersWell(endpoint, shot)));
        if (round++ % 10 === 0) await stillServes((all[0] as (typeof all)[0]).endpoint);
      },
      (all) => all.map(({ shot }) => shown(shot)).join('\n'),
    );
    for (const endpoint of endpoints) await stillServes(endpoint);
  });

  it('accept everything that their documents allow', async () => {
    const some = fc.constantFrom(...endpoints).chain((endpoint) =>
      fc
        .constantFrom(...endpoint.contents)
        .chain((content) => validBodies(endpoint, content))
        .map((body) => ({ endpoint, body })),
    );
    await forAll(
      0.2,
      some,
      async ({ endpoint, body: { type, make } }) => {
        const body = await make();
        const headers = [...endpoint.headers, ['content-type', type] as const];
        const shot: Shot = { method: 'POST', path: endpoint.path, headers, body };
        const hit = await answersWell(endpoint, shot);
        if (hit?.status === 400 && REFUSE_MORE.has(endpoint.path)) return;
        if (hit?.status !== endpoint.success) throw new Error(`refused: ${hit?.body.toString()}`);
      },
      ({ endpoint, body: { type, note } }) => `${endpoint.path} ${type} ${note}`,
    );
  });

  it('refuse what their documents do not allow', async () => {
    const some = fc.constantFrom(...endpoints).chain((endpoint) => {
      const [content] = endpoint.contents.filter(({ type }) => type === 'application/json');
      if (!content) return fc.constant(undefined);
      const { components } = sampleOf(endpoint);
      return validValues(content.schema, components).chain((value) => {
        const wrong = mutants(value, content.schema, components);
        return wrong.length === 0
          ? fc.constant(undefined)
          : fc.constantFrom(...wrong).map((body) => ({ endpoint, body }));
      });
    });
    await forAll(
      0.15,
      some,
      async (given) => {
        if (!given) return;
        const { endpoint, body } = given;
        const headers = [...endpoint.headers, ['content-type', 'application/json'] as const];
        const bytes = Buffer.from(JSON.stringify(body));
        const shot: Shot = { method: 'POST', path: endpoint.path, headers, body: bytes };
        const hit = await answersWell(endpoint, shot);
        if (hit?.status !== 400 && hit?.status !== 422) throw new Error(`answered ${hit?.status}`);
      },
      (given) =>
        given === undefined
          ? ''
          : `${given.endpoint.path} ${JSON.stringify(given.body)?.slice(0, 300)}`,
    );
  });

  it('answer requests that are not HTTP, and close the connection', async () => {
    await forAll(
      0.15,
      brokenRequests(endpoints),
      async ({ endpoint, bytes }) => {
        const hit = await fireBytes(endpoint.port, bytes);
        shots++;
        if (hit)
          checkAnswer(hit, undefined, /^(?:HEAD|CONNECT) /.exec(bytes.toString()) ? 'HEAD' : '');
        nothingLogged();
      },
      ({ bytes }) => JSON.stringify(bytes.toString().slice(0, 300)),
    );
    for (const endpoint of endpoints) await stillServes(endpoint);
  });

  it('lose no accepted job, whatever its input', async () => {
    await jobs.end(guns);
    nothingLogged();
  });

  it('keep no calls, connections, timers or memory afterwards', async () => {
    const before = new Map<string, number>();
    // Two rounds of the same shots: what the first leaves is warm-up, what the second adds is a
    // leak.
    const round = async (): Promise<{ heap: number; resources: Map<string, number> }> => {
      const some = fc.sample(attempts(endpoints, files), { numRuns: 15 * SECONDS, seed: SEED + 1 });
      for (let at = 0; at < some.length; at += 8) {
        await Promise.all(
          some.slice(at, at + 8).map(({ endpoint, shot }) => answersWell(endpoint, shot)),
        );
      }
      await jobs.end(guns);
      for (const [port, gun] of guns) {
        gun.close();
        guns.set(port, new Gun(port));
      }
      return settled(before);
    };
    const first = await round();
    for (const [name, count] of first.resources) before.set(name, count);
    const second = await round();
    expect(second.heap).toBeLessThan(first.heap * 1.25 + 8e6);
    for (const { port } of samples) {
      const answer = await fetch(`http://127.0.0.1:${port}/healthz`);
      const { details } = (await answer.json()) as { details: Record<string, object> };
      for (const runner of Object.values(details)) {
        expect(runner).toMatchObject({ status: 'up', queued: 0, running: 0 });
      }
    }
    console.log(`fuzz: ${shots} requests to ${endpoints.length} endpoints, seed ${SEED}`);
  });

  function sampleOf(endpoint: Endpoint): Sample {
    return samples.find(({ port }) => port === endpoint.port) as Sample;
  }

  interface Body {
    readonly type: string;
    readonly make: () => Uint8Array | Promise<Uint8Array>;
    /** For the message of a failure. */
    readonly note: string;
  }

  /** Bodies that keep to the document. */
  function validBodies(endpoint: Endpoint, { type, schema: given }: Content): fc.Arbitrary<Body> {
    const { components } = sampleOf(endpoint);
    const schema = resolved(given, components);
    const plain = (bytes: Uint8Array): Body => ({
      type,
      make: () => bytes,
      note: JSON.stringify(Buffer.from(bytes.subarray(0, 200)).toString()),
    });
    const json = endpoint.contents.find((content) => content.type === 'application/json');
    if (type === 'text/csv' || type === 'application/vnd.apache.parquet') {
      const format = type === 'text/csv' ? 'csv' : 'parquet';
      // The same rows in another format.
      return validValues(json?.schema ?? {}, components).map((rows) => ({
        type,
        make: () => frameFile(rows as object[], format),
        note: JSON.stringify(rows).slice(0, 300),
      }));
    }
    if (type.startsWith('image/')) {
      const some = pictures.filter((picture) => picture.type === type);
      // Some formats are read, and not written here.
      const bytes = (some.length > 0 ? some : pictures).map((picture) => picture);
      return fc
        .constantFrom(...bytes)
        .map((picture) => ({ ...plain(picture.bytes), type: picture.type }));
    }
    if (type === 'multipart/form-data') return forms(schema);
    const values = validValues(schema, components).map(brief);
    return values.map((value) =>
      plain(Buffer.from(type === 'text/plain' ? (value as string) : JSON.stringify(value))),
    );
  }

  function forms({ properties = {}, required = [] }: Content['schema']): fc.Arbitrary<Body> {
    const parts = Object.entries(properties).map(([name, { format }]) => {
      const part =
        format === 'binary'
          ? fc.constantFrom(...pictures).map(({ type, bytes }) => ({ name, type, bytes }))
          : fc
              .string({ unit: 'grapheme' })
              .map((text) => ({ name, type: 'text/plain', bytes: Buffer.from(text) }));
      return required.includes(name) ? part : fc.option(part, { nil: undefined });
    });
    return fc.tuple(...parts).map((all) => ({
      type: 'multipart/form-data; boundary=valid-form',
      make: () =>
        multipart(
          all.filter((part) => part !== undefined),
          'valid-form',
        ),
      note: all.map((part) => part?.type).join(),
    }));
  }

  /** Everything that the applications have opened has come to its end; what is left then. */
  async function settled(
    limits: ReadonlyMap<string, number>,
  ): Promise<{ heap: number; resources: Map<string, number> }> {
    const end = performance.now() + SETTLE_MS;
    for (;;) {
      await delay(100);
      collectGarbage();
      const resources = new Map<string, number>();
      for (const name of process.getActiveResourcesInfo()) {
        resources.set(name, (resources.get(name) ?? 0) + 1);
      }
      const connections = await Promise.all(
        samples.map(
          ({ app }) =>
            new Promise<number>((resolve, reject) =>
              app
                .getHttpServer()
                .getConnections((error: Error | null, count: number) =>
                  error ? reject(error) : resolve(count),
                ),
            ),
        ),
      );
      const over = [...resources].filter(([name, count]) => count > (limits.get(name) ?? count));
      const open = connections.reduce((sum, count) => sum + count, 0);
      if (open === 0 && over.length === 0)
        return { heap: process.memoryUsage().heapUsed, resources };
      if (performance.now() > end)
        throw new Error(`Left over: ${open} connections, ${over.join()}`);
    }
  }
});

/** A response without what differs each time. */
function comparable({ status, headers, body }: Hit): string {
  const type = String(headers['content-type']);
  if (status === 202) return (JSON.parse(body.toString()) as { state: string }).state;
  const boundary = /boundary=(.*)$/.exec(type)?.[1];
  const text = `${status} ${type} ${body.toString('latin1')}`;
  return boundary === undefined ? text : text.replaceAll(boundary, '');
}

/** Fewer words to generate: how long an answer takes is no part of it. */
function brief(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('text' in value)) return value;
  return { ...value, nWords: 2 };
}
