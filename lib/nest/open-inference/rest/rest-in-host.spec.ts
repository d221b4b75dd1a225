import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import {
  Body,
  Controller,
  ForbiddenException,
  Get,
  Injectable,
  Post,
  RequestMethod,
  Scope,
  VersioningType,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import SwaggerParser from '@apidevtools/swagger-parser';
import { SwaggerModule, DocumentBuilder } from '@nestjs/swagger';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpClient } from '../../../../test/helpers/http-client.js';
import { identity, openInferenceApp } from '../../../../test/helpers/open-inference-app.js';
import { schemaFaults } from '../../../../test/helpers/schema-faults.js';
import { servedRunners } from '../../../../test/helpers/served-runners.js';
import type { InferenceService } from '../../../serving/open-inference/contract.js';
import { RunnerOverloadedError } from '../../../serving/runner/errors.js';
import { requestScope } from '../../../serving/runtime/request-scope.js';
import { createVtsDocument } from '../../http/create-document.js';
import { rawRequest } from '../../http/platform.js';

const any = { dtype: 'float32' as const, shape: [null, null] };
const INPUT = { name: 'INPUT0', shape: [1, 2], datatype: 'FP32', data: [1, 2] };
const BODY = JSON.stringify({ inputs: [INPUT] });
const INFER = '/v2/models/identity/infer';

@Injectable({ scope: Scope.REQUEST })
class KeyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = rawRequest(context.switchToHttp().getRequest<object>());
    if (headers['x-key'] === 'k') return true;
    throw new ForbiddenException('The key is wrong; send x-key.');
  }
}

@Controller()
class Host {
  @Get('v2/users')
  users(): string[] {
    return ['ada'];
  }

  @Post('v2/echo')
  echo(@Body() body: unknown): unknown {
    return body;
  }
}

/** A call that lasts until its request ends; tells why it ended. */
function hanging() {
  let started: () => void;
  let ended: (reason: Error) => void;
  const start = new Promise<void>((resolve) => (started = resolve));
  const end = new Promise<Error>((resolve) => (ended = resolve));
  const call = (): Promise<never> => {
    const scope = requestScope.getStore()!;
    started();
    return new Promise((_, reject) => {
      scope.onEnd((reason) => {
        ended(reason);
        reject(reason);
      });
    });
  };
  return { runner: identity('identity:1', [any], call), start, end };
}

describe.each(['express', 'fastify'])(
  'The routes of the protocol in an application on %s',
  (on) => {
    let app: INestApplication | undefined;

    afterEach(async () => {
      await app?.close();
      app = undefined;
    });

    const start = async (
      options: Parameters<typeof openInferenceApp>[2] = {},
      adjust: Parameters<typeof openInferenceApp>[3] = {},
      runner = identity('identity:1', [any]),
    ): Promise<HttpClient> => {
      app = await openInferenceApp(on, servedRunners({ identity: runner }), options, adjust);
      return HttpClient.of(app);
    };

    it('run its guards, whatever their scope', async () => {
      const metadata = { providers: [{ provide: APP_GUARD, useClass: KeyGuard }] };
      const http = await start({}, { metadata });
      for (const answer of [await http.json(INFER, BODY), await http.get('/v2')]) {
        expect(answer.status).toBe(403);
        expect(answer.json).toEqual({ error: 'The key is wrong; send x-key.' });
      }
      expect((await http.json(INFER, BODY, { 'x-key': 'k' })).status).toBe(200);
    });

    it('follow its global prefix, unless that excludes them', async () => {
      const http = await start({}, { app: (made) => void made.setGlobalPrefix('api') });
      expect((await http.get('/api/v2/health/live')).json).toEqual({ live: true });
      expect((await http.json(`/api${INFER}`, BODY)).status).toBe(200);
      expect((await http.get('/v2')).status).toBe(404);
      await app!.close();
      const exclude = [
        { path: 'v2', method: RequestMethod.ALL },
        { path: 'v2/*path', method: RequestMethod.ALL },
      ];
      const other = await start(
        {},
        { app: (made) => void made.setGlobalPrefix('api', { exclude }) },
      );
      expect((await other.get('/v2')).status).toBe(200);
      expect((await other.json(INFER, BODY)).status).toBe(200);
    });

    it('have no version, and the configured path', async () => {
      const versioning = { type: VersioningType.URI, defaultVersion: '1' } as const;
      const http = await start(
        { openInference: { rest: { path: '/models/oip/' } } },
        { app: (made) => void made.enableVersioning(versioning) },
      );
      expect((await http.get('/models/oip/health/live')).status).toBe(200);
      expect((await http.get('/v2')).status).toBe(404);
    });

    it('do not exist if REST or the protocol is turned off', async () => {
      for (const openInference of [false, { rest: false }]) {
        const http = await start({ openInference });
        expect((await http.get('/v2')).status).toBe(404);
        expect((await http.json(INFER, BODY)).status).toBe(404);
        await app!.close();
      }
    });

    it('do not change its own routes below the same path', async () => {
      const http = await start({}, { metadata: { controllers: [Host] } });
      expect((await http.get('/v2/users')).json).toEqual(['ada']);
      expect((await http.json('/v2/echo', '{"a":1}')).json).toEqual({ a: 1 });
      const form = await http.post('/v2/echo', 'application/x-www-form-urlencoded', 'a=1');
      expect(form.json).toEqual({ a: '1' });
    });

    it('are not in the OpenAPI document by default', async () => {
      await start({ health: false, metrics: false });
      const document = SwaggerModule.createDocument(app!, new DocumentBuilder().build());
      expect(document.paths).toEqual({});
      expect(createVtsDocument(app!).paths).toEqual({});
    });

    it('are all in the document with rest.document, below the prefix', async () => {
      const http = await start(
        { openInference: { rest: { path: 'v2/oip', document: true }, repository: true } },
        { app: (it) => it.setGlobalPrefix('api') },
      );
      const document = createVtsDocument(app!, { infrastructure: false });
      await SwaggerParser.validate(structuredClone(document) as never);
      const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
        Object.entries(methods as object).map(([method]) => `${method} ${path}`),
      );
      expect(operations).toHaveLength(22);
      for (const operation of operations) {
        const [method, path] = operation.split(' ') as [string, string];
        const url = path.replace('{model}', 'identity').replace('{version}', '1');
        expect(url).toMatch(/^\/api\/v2\/oip/);
        const answer = method === 'get' ? await http.get(url) : await http.json(url, '{}');
        // A path without a route is a 404 in Nest's shape; the protocol's has no member but `error`.
        expect([operation, answer.json]).not.toEqual([
          operation,
          expect.objectContaining({ statusCode: 404 }),
        ]);
      }
    });

    it('answer according to their schemas', async () => {
      const http = await start({ openInference: { rest: { document: true } } });
      const document = createVtsDocument(app!);
      const answers = {
        V2InferResponse: await http.json(INFER, BODY),
        V2ModelMetadata: await http.get('/v2/models/identity'),
        V2Error: await http.json(INFER, '{}'),
      };
      for (const [name, { json }] of Object.entries(answers)) {
        const schema = document.components!.schemas![name]!;
        expect([name, schemaFaults(schema, json, document)]).toEqual([name, undefined]);
      }
    });

    it('accept bodies up to its limit after decompression', async () => {
      const http = await start({ maxBodyBytes: 1000 });
      const large = JSON.stringify({ inputs: [INPUT], id: 'x'.repeat(1000) });
      const answers = [
        await http.json(INFER, large),
        await http.post(INFER, undefined, large),
        await http.json(INFER, gzipSync(large), { 'content-encoding': 'gzip' }),
        await http.post(INFER, 'application/octet-stream', Buffer.alloc(5_000_000), {
          'inference-header-content-length': '0',
        }),
        await http.json('/v2/models/identity/generate', large),
        await http.json('/v2/repository/index', large),
      ];
      for (const { status, json } of answers) {
        expect(status).toBe(413);
        expect(json).toEqual({ error: expect.stringContaining('1000') as string });
      }
      expect((await http.json(INFER, BODY)).status).toBe(200);
    });

    it('answer 504 after its time limit, and end the call', async () => {
      const { runner, end } = hanging();
      const http = await start({ timeoutMs: 60 }, {}, runner);
      const { status, json } = await http.json(INFER, BODY);
      expect(status).toBe(504);
      expect(json).toEqual({ error: expect.stringContaining('60 ms') as string });
      expect((await end).name).toBe('RequestTimeoutError');
    });

    it('answer 504 after the time that the request allows, in microseconds', async () => {
      const { runner } = hanging();
      const http = await start({}, {}, runner);
      const limited = (timeout: number) =>
        http.json(INFER, JSON.stringify({ inputs: [INPUT], parameters: { timeout } }));
      for (const [timeout, fact] of [
        [50_000, '50 ms'],
        [1, '0.001 ms'],
      ] as const) {
        const { status, json } = await limited(timeout);
        expect(status).toBe(504);
        expect(json).toEqual({ error: expect.stringContaining(fact) as string });
      }
    });

    it('end the call when the client leaves', async () => {
      const { runner, start: started, end } = hanging();
      await start({}, {}, runner);
      const { port } = app!.getHttpServer().address() as { port: number };
      const socket = connect(port, 'localhost');
      await once(socket, 'connect');
      socket.write(
        `POST ${INFER} HTTP/1.1\r\nHost: a\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
      );
      await started;
      socket.destroy();
      expect((await end).name).toBe('RunAbortedError');
    });

    it('answer 503 to remaining requests when it shuts down', async () => {
      const { runner, start: started } = hanging();
      const http = await start({ shutdownTimeoutMs: 50 }, {}, runner);
      const asked = http.json(INFER, BODY);
      await started;
      const closed = app!.close();
      const { status, json } = await asked;
      expect(status).toBe(503);
      expect(json).toEqual({ error: expect.stringContaining('shutting down') as string });
      await closed;
      app = undefined;
    });

    it('are refused before they are read while the runner of their model is full', async () => {
      let full = false;
      let calls = 0;
      const hold = (): (() => void) => {
        if (full) throw new RunnerOverloadedError('identity', '__call__', '9 calls wait', 3);
        return () => undefined;
      };
      const admission = { hold };
      const runner = identity('identity:1', [any], async (item) => {
        const scope = requestScope.getStore()!;
        scope.calls(admission);
        calls++;
        try {
          hold();
        } catch (error) {
          scope.failed(admission, error);
          throw error;
        }
        return Object.values(item as object);
      });
      const http = await start({ overload: true }, {}, runner);
      for (let i = 0; i < 40; i++) expect((await http.json(INFER, BODY)).status).toBe(200);
      full = true;
      expect((await http.json(INFER, BODY)).status).toBe(503);
      expect(calls).toBe(41);
      // Its body never comes.
      const socket = connect(Number(new URL(await app!.getUrl()).port), '127.0.0.1');
      socket.write(`POST ${INFER} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n{`);
      let text = '';
      socket.on('data', (data) => (text += String(data)));
      await expect.poll(() => text).toContain('"error"');
      socket.destroy();
      expect(text).toMatch(/^HTTP\/1\.1 503 /);
      expect(text).toMatch(/retry-after: 3/i);
      expect(JSON.parse(text.slice(text.indexOf('{')))).toEqual({
        error: expect.stringContaining('9 calls wait') as string,
      });
      expect(calls).toBe(41);
      // Clients make up paths, so metrics have the route.
      const { text: metrics } = await http.get('/metrics');
      expect(metrics).toMatch(/route="\/v2\/models\/:model\/infer",status="503"} 2/);
      full = false;
      expect((await http.json(INFER, BODY)).status).toBe(200);
    });

    it('have ids, access log lines and metrics like its endpoints', async () => {
      const lines: unknown[] = [];
      const note = (line: unknown, context?: unknown): void => {
        if (context === 'VtsAccess') lines.push(line);
      };
      const logger = { log: note, warn: note, error: note };
      const http = await start({ scope: 'application' }, { logger });
      const { headers } = await http.json(INFER, BODY, { 'x-request-id': 'abc' });
      expect(headers.get('x-request-id')).toBe('abc');
      await http.get('/v2/health/ready');
      await http.get('/v2/models/identity/ready');
      await http.get('/v2/models/identity');
      const metrics = (await http.get('/metrics')).text;
      expect(metrics).toContain('route="/v2/models/:model/infer"');
      await app!.close();
      app = undefined;
      expect(lines).toMatchObject([
        { requestId: 'abc', path: INFER, status: 200 },
        { path: '/v2/models/identity', status: 200 },
      ]);
    });

    it("answer with the protocol's errors even if all errors of the application have another form", async () => {
      const http = await start({ scope: 'application' });
      expect((await http.json(INFER, '{')).json).toEqual({ error: expect.any(String) as string });
      expect((await http.get('/v2/models/none')).json).toEqual({
        error: expect.any(String) as string,
      });
      expect((await http.get('/v2/none')).json).toMatchObject({ statusCode: 404 });
    });

    describe('with a model that continues texts', () => {
      const asked: unknown[] = [];
      const service: Partial<InferenceService> = {
        modelReady: () => true,
        async generate(request) {
          asked.push(request);
          const { id, modelName } = request;
          return {
            modelName,
            modelVersion: '1',
            text: 'all of it',
            ...(id !== undefined && { id }),
          };
        },
        generateStream: ({ modelName, text }) =>
          (async function* () {
            const answer = { modelName, modelVersion: '1' };
            if (text === 'fails at once') throw new ForbiddenException('No.');
            if (text === 'nothing') return;
            yield { ...answer, text: 'a\n' };
            if (text === 'fails') throw new Error('a secret');
            yield { ...answer, text: 'b' };
          })(),
      };

      it('answer generate, with parameters next to the text in the body', async () => {
        const http = await start({}, { service });
        const path = '/v2/models/lm/generate';
        const one = { id: '42', text_input: 'Hi', max_tokens: 5, parameters: { temperature: 0.5 } };
        expect((await http.json(path, JSON.stringify(one))).json).toEqual({
          id: '42',
          model_name: 'lm',
          model_version: '1',
          text_output: 'all of it',
        });
        expect(asked.at(-1)).toMatchObject({ text: 'Hi', modelVersion: '' });
        expect({ ...(asked.at(-1) as { parameters: object }).parameters }).toEqual({
          max_tokens: 5,
          temperature: 0.5,
        });
        const { json } = await http.json(path, '{"text_input":["Hi"],"id":""}');
        expect(json).not.toHaveProperty('id');
        for (const body of [
          '',
          '{}',
          '{"abc":123}',
          '{"text_input":1}',
          '[]',
          '{"text_input":"a","b":{}}',
        ]) {
          expect((await http.json(path, body)).status).toBe(400);
        }
      });

      it('answer generate_stream with one event per answer, and an error as the last event', async () => {
        const http = await start({}, { service });
        const stream = (text: string) =>
          http.json(
            '/v2/models/lm/versions/1/generate_stream',
            JSON.stringify({ text_input: text }),
          );
        const { type, text, headers } = await stream('works');
        expect(type).toBe('text/event-stream; charset=utf-8');
        expect(headers.get('content-encoding')).toBeNull();
        expect(text).toBe(
          ['a\\n', 'b']
            .map(
              (piece) =>
                `data: {"model_name":"lm","model_version":"1","text_output":"${piece}"}\n\n`,
            )
            .join(''),
        );
        expect((await stream('fails')).text).toContain(
          'data: {"error":"Internal server error"}\n\n',
        );
        expect((await stream('nothing')).text).toBe('');
        const refused = await stream('fails at once');
        expect([refused.status, refused.json]).toEqual([403, { error: 'No.' }]);
      });
    });
  },
);
