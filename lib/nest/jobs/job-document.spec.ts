import { Controller, UnprocessableEntityException, type INestApplication } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobsApp, JobsClient } from '../../../test/helpers/jobs-app.js';
import type { Answer } from '../../../test/helpers/http-client.js';
import { hasRedis, RedisServer } from '../../../test/helpers/redis.js';
import { schemaFaults } from '../../../test/helpers/schema-faults.js';
import { VtsApi } from '../decorators/vts-api.decorator.js';
import { createVtsDocument } from '../http/create-document.js';
import { Json } from '../io/json.js';
import { Text } from '../io/text.js';
import { currentJob, jobProgress } from './job-scope.js';

@Controller()
class Works {
  /** Runs until it is cancelled. */
  @VtsApi({ input: Text, output: Text, job: true })
  async endless(): Promise<string> {
    jobProgress(0.25);
    const { signal } = currentJob()!;
    return new Promise((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason as Error)),
    );
  }

  @VtsApi({ input: Text, output: new Text({ stream: true }), job: true })
  async *words(text: string): AsyncGenerator<string> {
    yield* text.split(' ');
  }

  @VtsApi({ input: Json, output: Json, job: { keepFor: 1000 } })
  brief(value: unknown): unknown {
    return { value };
  }

  @VtsApi({ input: Text, output: Text, job: true })
  failing(text: string): string {
    if (text === 'refused') throw new UnprocessableEntityException('no sense');
    throw new Error('a secret');
  }
}

interface Operation {
  readonly responses: Record<
    string,
    { readonly content?: Record<string, { readonly schema: object }> }
  >;
}

/** The parts of an answer that differ from the document; undefined if none does. */
function faultOf(document: OpenAPIObject, method: string, path: string, answer: Answer) {
  const template = path.replace(/\/jobs\/[^/]+/, '/jobs/{jobId}');
  const operations = document.paths[template] as unknown as Record<string, Operation>;
  const described = operations[method.toLowerCase()]!.responses[answer.status];
  if (described === undefined) return `${answer.status} is not in the document`;
  const { content } = described;
  if (content === undefined) return answer.text === '' ? undefined : 'a body';
  const [type = ''] = (answer.type ?? '').split(';');
  const { schema } = content[type] ?? {};
  if (schema === undefined) return `${type} is not in the document`;
  const value = type === 'application/json' ? answer.json : answer.text;
  return schemaFaults(schema, value, document);
}

describe.runIf(hasRedis).each(['express', 'fastify'])('The document of jobs on %s', (on) => {
  let redis: RedisServer;
  let app: INestApplication;
  let client: JobsClient;
  let document: OpenAPIObject;
  const checked: string[] = [];

  beforeAll(async () => {
    redis = await RedisServer.start();
    const jobs = { connection: redis.url, concurrency: 1 };
    app = await jobsApp(on, jobs, { controllers: [Works] });
    client = await JobsClient.of(app);
    document = createVtsDocument(app);
  });
  afterAll(async () => {
    await app.close();
    await redis.stop();
  });

  /** Sends a request, and has its answer found in the document. */
  const send = async (
    method: string,
    path: string,
    type?: string,
    body?: string,
    headers?: Record<string, string>,
  ): Promise<Answer> => {
    const answer = await client.http.send(method, path, type, body, headers);
    expect([method, path, answer.text, faultOf(document, method, path, answer)]).toEqual([
      method,
      path,
      answer.text,
      undefined,
    ]);
    checked.push(`${(answer.json as { state?: string } | undefined)?.state ?? answer.status}`);
    return answer;
  };
  const submit = async (path: string, body: string, type = 'text/plain'): Promise<string> => {
    const { headers } = await send('POST', `${path}/jobs`, type, body);
    return headers.get('location')!;
  };
  /** Its state, result and events. */
  const all = async (location: string): Promise<void> => {
    const { json } = await send('GET', location);
    const { state } = json as { state: string };
    await send('GET', `${location}/result`);
    if (state === 'queued' || state === 'running') return;
    const events = await send('GET', `${location}/events`);
    const jobs = [...events.text.matchAll(/^data: (\{.*\})$/gm)].map(([, data]) => data!);
    expect(jobs.length).toBeGreaterThan(0);
    const job = { $ref: '#/components/schemas/VtsJob' };
    for (const each of jobs) expect(schemaFaults(job, JSON.parse(each), document)).toBeUndefined();
  };

  it('matches every answer, in each state of a job', async () => {
    const running = await submit('/endless', 'a');
    const queued = await submit('/endless', 'b');
    await client.until(running, 'running');
    while ((await client.job(running)).progress === null) await new Promise(setImmediate);
    await all(running);
    await all(queued);
    await send('DELETE', queued);
    await send('DELETE', running);
    await all(running);
    await all(queued);

    const brief = await submit('/brief', '{"a":[1]}', 'application/json');
    await client.ended(brief);
    await all(brief);
    await send('DELETE', brief);
    const streamed = await submit('/words', 'one two three');
    await client.ended(streamed);
    await all(streamed);
    for (const text of ['refused', 'broken']) {
      const failed = await submit('/failing', text);
      await client.ended(failed);
      await all(failed);
    }

    // Long ago: `brief` is kept for a second.
    while ((await client.http.get(brief)).status !== 404) await new Promise(setImmediate);
    for (const at of [brief, `${brief}/result`, `${brief}/events`]) await send('GET', at);
    await send('DELETE', brief);

    await send('POST', '/brief/jobs', 'application/json', '{');
    await send('POST', '/brief/jobs', 'text/csv', 'a');
    const key = { 'idempotency-key': 'k' };
    await send('POST', '/words/jobs', 'text/plain', 'a', key);
    await send('POST', '/words/jobs', 'text/plain', 'b', key);

    const states = ['queued', 'running', 'succeeded', 'failed', 'cancelled'];
    const statuses = ['400', '404', '409', '410', '415', '422', '500'];
    expect(checked).toEqual(expect.arrayContaining([...states, ...statuses]));
  });
});
