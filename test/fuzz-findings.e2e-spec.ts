import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Controller, Get, type INestApplication, type LoggerService } from '@nestjs/common';
import { createVtsDocument, Json, Text, VtsApi, VtsModule } from 'nestjs-vts';
import { IsInt, IsOptional } from 'class-validator';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpClient } from './helpers/http-client.js';
import { startApp } from './helpers/testing-app.js';

// What random requests have found at one time or another, each as one test.

class Order {
  @IsInt()
  count!: number;

  @IsOptional()
  @IsInt()
  more?: number | null;
}

@Controller('shop')
class FindingsController {
  @VtsApi({ input: new Json({ dto: Order }), output: Json })
  order(order: Order): Order {
    return order;
  }

  @VtsApi({ input: Text, output: new Text({ stream: true }) })
  async *words(text: string): AsyncGenerator<string> {
    for (;;) {
      yield text;
      await delay(5);
    }
  }

  @Get('open')
  open(): string {
    return 'open';
  }
}

class Log implements LoggerService {
  readonly errors: string[] = [];
  log(): void {}
  warn(): void {}
  error(message: unknown): void {
    this.errors.push(String(message));
  }
}

const apps: INestApplication[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function start(adjust?: (app: INestApplication) => void) {
  const log = new Log();
  const app = await startApp(
    { imports: [VtsModule.forRoot({ errors: 'application' })], controllers: [FindingsController] },
    {
      app: (it) => {
        it.useLogger(log);
        adjust?.(it);
      },
    },
  );
  apps.push(app);
  const { port } = app.getHttpServer().address() as { port: number };
  return { app, client: await HttpClient.of(app), port, log };
}

describe('An application', () => {
  it('ends although a client left before its body had come', async () => {
    const { app, client, port, log } = await start();
    for (const type of ['application/json', 'text/plain']) {
      const socket = connect(port, 'localhost');
      await once(socket, 'connect');
      const head = `POST /shop/order HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: 99`;
      socket.write(`${head}\r\n\r\n{"count":`);
      await delay(20);
      socket.destroy();
    }
    expect((await client.json('/shop/order', '{"count":1}')).status).toBe(200);
    // It would wait for them for ever, which is longer than a test may take.
    await app.close();
    expect(log.errors).toEqual([]);
  });

  it('refuses deep nesting, whichever parser has read it', async () => {
    const { port, log } = await start();
    const deep = `{"count":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
    for (const path of ['/shop/order', '/shop/order#part', '/shop/order?a=1']) {
      const socket = connect(port, 'localhost');
      // Fetch would drop the part after #.
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n` +
          `Content-Length: ${deep.length}\r\n\r\n${deep}`,
      );
      let text = '';
      for await (const chunk of socket.setEncoding('utf8')) text += String(chunk);
      expect(text).toMatch(/^HTTP\/1\.1 400 /);
      expect(text).toContain('nested more than 512 levels deep');
    }
    expect(log.errors).toEqual([]);
  });

  it('answers unknown paths in the shape of all errors, outside its prefix as well', async () => {
    const { client } = await start((app) => {
      app.setGlobalPrefix('api', { exclude: ['livez', 'shop/open'] });
    });
    const notFound = { statusCode: 404, message: expect.any(String), error: 'Not Found' };
    for (const path of ['/', '/x', '/api/x', '/%', '//']) {
      const { status, type, json } = await client.text(path, 'a');
      expect([path, type]).toEqual([path, 'application/json; charset=utf-8']);
      if (status !== 400) expect([path, json]).toEqual([path, notFound]);
    }
    const { status, headers } = await client.text('/livez', 'a');
    expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect((await client.get('/shop/open')).text).toBe('open');
  });

  it('logs nothing when a client leaves a stream', async () => {
    const { client, port, log } = await start();
    const left = new AbortController();
    const response = await fetch(`http://localhost:${port}/shop/words`, {
      method: 'POST',
      body: 'a',
      headers: { 'content-type': 'text/plain' },
      signal: left.signal,
    });
    await response.body?.getReader().read();
    left.abort();
    await expect
      .poll(async () => (await client.get('/metrics')).text)
      .toMatch(/vts_http_requests_total\{[^}]*route="\/shop\/words"[^}]*\} 1/);
    expect(log.errors).toEqual([]);
  });

  it('documents what it refuses and what it accepts', async () => {
    const { app, client } = await start();
    expect(createVtsDocument(app).components?.schemas?.['Order']).toMatchObject({
      additionalProperties: false,
      required: ['count'],
      properties: { count: { type: 'integer' }, more: { type: 'integer', nullable: true } },
    });
    expect((await client.json('/shop/order', '{"count":1,"more":null}')).status).toBe(200);
    expect((await client.json('/shop/order', '{"count":1,"other":1}')).status).toBe(400);
  });
});
