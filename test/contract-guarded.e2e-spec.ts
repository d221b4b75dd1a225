import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { setupVtsDocs } from 'nestjs-vts';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { adapter } from './helpers/adapter.js';
import { HttpClient } from './helpers/http-client.js';
import { AppModule } from '../sample/06-guarded/src/app.module.js';
import { configure } from '../sample/06-guarded/src/configure.js';
import { docs } from '../sample/06-guarded/src/docs.js';

const SCORE = '/api/v1/reviews/score';
const SCORES = '/api/v1/reviews/scores';
const LIMIT = 5;

describe('The sample with guards', () => {
  let app: INestApplication;
  let client: HttpClient;

  beforeAll(async () => {
    vi.stubEnv('API_KEYS', 'alice:one,bob:two:batch,carol:three');
    vi.stubEnv('REQUESTS_A_MINUTE', String(LIMIT));
    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    app = module.createNestApplication(adapter(), { logger: false });
    configure(app);
    setupVtsDocs(app, docs);
    await app.listen(0);
    client = await HttpClient.of(app);
  });
  afterAll(async () => {
    await app.close();
    vi.unstubAllEnvs();
  });

  it('answers who has a key, with helmet’s headers', async () => {
    const answer = await client.text(SCORE, 'I really liked that movie!', { 'x-api-key': 'two' });
    expect(answer).toMatchObject({ status: 200, json: [expect.any(Number), expect.any(Number)] });
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(answer.headers.get('x-powered-by')).toBeNull();
    const texts = JSON.stringify({ texts: ['good', 'bad'] });
    const both = await client.json(SCORES, texts, { 'x-api-key': 'two' });
    expect(both.json).toMatchObject([[expect.any(Number), expect.any(Number)], expect.any(Array)]);
  });

  it.each<Record<string, string>>([{}, { 'x-api-key': 'four' }])(
    'is a 401 for %j',
    async (headers) => {
      expect(await client.text(SCORE, 'a', headers)).toMatchObject({
        status: 401,
        json: {
          statusCode: 401,
          message: 'The API key is missing or unknown; send it as X-Api-Key.',
          error: 'Unauthorized',
        },
      });
    },
  );

  it('is a 403 if the key lacks the right', async () => {
    const answer = await client.json(SCORES, '{"texts":["a"]}', { 'x-api-key': 'carol' });
    expect(answer.status).toBe(401);
    const known = await client.json(SCORES, '{"texts":["a"]}', { 'x-api-key': 'three' });
    expect(known).toMatchObject({ status: 403, json: { statusCode: 403, error: 'Forbidden' } });
  });

  it('names the rules of a class without other documentation', async () => {
    const answer = await client.json(SCORES, '{"texts":[1]}', { 'x-api-key': 'two' });
    expect(answer).toMatchObject({
      status: 400,
      json: { message: expect.stringContaining('each value in texts must be a string') },
    });
  });

  it('is a 429 with Retry-After for the client that sends too many, and for no other', async () => {
    const alice = { 'x-api-key': 'one' };
    for (let sent = 0; sent < LIMIT; sent++) {
      expect((await client.text(SCORE, 'good', alice)).status).toBe(200);
    }
    const late = await client.text(SCORE, 'good', alice);
    expect(late).toMatchObject({
      status: 429,
      json: {
        statusCode: 429,
        message: 'Too many requests; wait for the seconds in Retry-After.',
        error: 'Too Many Requests',
      },
    });
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await client.text(SCORE, 'good', { 'x-api-key': 'three' })).status).toBe(200);
    expect((await client.get('/livez')).status).toBe(200);
  });

  it('answers browsers of the allowed origin only', async () => {
    const ask = (origin: string) =>
      client.send('OPTIONS', SCORE, undefined, '', {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-api-key',
      });
    const allowed = await ask('https://app.example.com');
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
    expect(allowed.headers.get('access-control-allow-headers')?.replaceAll(' ', '')).toBe(
      'Content-Type,X-Api-Key',
    );
    const other = await ask('https://elsewhere.example.com');
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
    const origin = 'https://app.example.com';
    const refused = await client.text(SCORE, 'a', { origin });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('access-control-allow-origin')).toBe(origin);
    expect(refused.headers.get('access-control-expose-headers')).toBe('Retry-After');
  });

  it('shows Swagger UI, and the key in the document', async () => {
    expect(await client.get('/docs')).toMatchObject({ status: 200 });
    const { json } = await client.get('/docs-json');
    expect(json).toMatchObject({
      components: { securitySchemes: { 'api-key': { type: 'apiKey', name: 'X-Api-Key' } } },
      paths: {
        [SCORE]: {
          post: {
            security: [{ 'api-key': [] }],
            responses: { 401: expect.any(Object), 403: expect.any(Object) },
          },
        },
      },
    });
  });
});

describe('Without keys', () => {
  it('does not start', async () => {
    vi.stubEnv('API_KEYS', '');
    const module = Test.createTestingModule({ imports: [AppModule] });
    await expect(module.compile()).rejects.toThrow('API_KEYS is not set');
    vi.unstubAllEnvs();
  });
});
