import { createServer, IncomingMessage, ServerResponse, type Server } from 'node:http';
import { Controller, Get, Req, type INestApplication } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { VtsModule } from 'nestjs-vts';
import { VtsExpressAdapter } from 'nestjs-vts/express';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpClient } from './helpers/http-client.js';
import { startApp } from './helpers/testing-app.js';

interface Express {
  request: { greet?: () => string };
  response: object;
  use(path: string, app: Express): void;
  get(path: string, handler: (request: Request, response: Response) => void): void;
}
interface Request extends IncomingMessage {
  app: object;
  ip: string;
  greet?: () => string;
  get(header: string): string | undefined;
}
interface Response extends ServerResponse {
  json(body: unknown): void;
}

@Controller()
class SeenController {
  @Get('seen')
  seen(@Req() request: Request): unknown {
    return {
      host: request.get('host') !== undefined,
      ip: request.ip !== '',
      greeting: request.greet?.(),
      class: request.constructor.name,
    };
  }
}

let app: INestApplication;
afterEach(() => app.close());

const start = async (adjust: (app: INestApplication) => void = () => undefined): Promise<void> => {
  app = await startApp(
    { imports: [VtsModule.forRoot({})], controllers: [SeenController] },
    { app: adjust, adapter: new VtsExpressAdapter() },
  );
};
const expressOf = (of: INestApplication): Express => of.getHttpAdapter().getInstance() as Express;

/** The prototypes of the next request and response when they come, before Express has them. */
function nextMessages(): Promise<{ request: unknown; response: unknown }> {
  return new Promise((resolve) => {
    const server = app.getHttpServer() as Server;
    server.prependOnceListener('request', (request: object, response: object) => {
      resolve({
        request: Object.getPrototypeOf(request),
        response: Object.getPrototypeOf(response),
      });
    });
  });
}

describe('Requests and responses', () => {
  it('have Express’s prototypes from the start', async () => {
    await start();
    const client = await HttpClient.of(app);
    const messages = nextMessages();
    const { json } = await client.get('/seen');

    const { request, response } = expressOf(app);
    expect(await messages).toEqual({ request, response });
    expect((await messages).request).toBe(request);
    expect((await messages).response).toBe(response);
    expect(json).toEqual({ host: true, ip: true, class: 'IncomingMessage' });
  });

  it('have what the application adds to those of Express, before and afterwards', async () => {
    await start((made) => (expressOf(made).request.greet = () => 'hello'));
    const client = await HttpClient.of(app);
    expect((await client.get('/seen')).json).toMatchObject({ greeting: 'hello' });

    expressOf(app).request.greet = () => 'good evening';
    expect((await client.get('/seen')).json).toMatchObject({ greeting: 'good evening' });
  });

  it('belong to a mounted application while that has them', async () => {
    const inner = new ExpressAdapter().getInstance() as Express;
    inner.get('/who', (request, response) =>
      response.json({ inner: request.app === inner, header: request.get('x-me') }),
    );
    await start((made) => expressOf(made).use('/inner', inner));
    const client = await HttpClient.of(app);

    expect((await client.get('/inner/who', { 'x-me': 'yes' })).json).toEqual({
      inner: true,
      header: 'yes',
    });
    expect((await client.get('/seen')).status).toBe(200);
  });

  it('are unchanged if the server has its own classes', async () => {
    class Own extends IncomingMessage {}
    class OwnServerAdapter extends ExpressAdapter {
      override initHttpServer(): void {
        this.httpServer = createServer(
          { IncomingMessage: Own },
          this.getInstance() as Parameters<typeof createServer>[1],
        );
      }
    }
    const { Test } = await import('@nestjs/testing');
    const module = await Test.createTestingModule({
      imports: [VtsModule.forRoot({})],
      controllers: [SeenController],
    }).compile();
    app = module.createNestApplication(new OwnServerAdapter(), { logger: false });
    await app.listen(0);
    const messages = nextMessages();

    expect((await (await HttpClient.of(app)).get('/seen')).json).toMatchObject({ host: true });
    expect((await messages).request).toBe(Own.prototype);
  });
});
