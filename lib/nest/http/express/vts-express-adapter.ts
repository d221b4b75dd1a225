import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';
import { bodyProperty } from '../early-body.js';

type ServerOptions = Parameters<ExpressAdapter['initHttpServer']>[0];

/** What Express makes the prototypes of each request and response. */
interface ExpressApplication {
  request: object;
  response: object;
}

/**
 * Nest's Express adapter with a server that makes requests and responses with the prototypes that
 * Express wants them to have.
 *
 * Express changes the prototypes of both when a request has come. JavaScript engines cannot
 * optimize such objects, and whatever reads or sets a property of one from there on is slow: that
 * costs twice as much as all that Express does. Here they are as Express wants them from the start.
 * What was added to Express's own objects, or is later, is there as with Nest's adapter.
 *
 * With `httpsOptions` it is Nest's adapter and nothing else.
 *
 * @example
 * const app = await NestFactory.create(AppModule, new VtsExpressAdapter());
 *
 * @publicApi
 */
export class VtsExpressAdapter extends ExpressAdapter {
  #closesConnections = false;

  override initHttpServer(options: ServerOptions): void {
    super.initHttpServer(options);
    if (options?.httpsOptions) return;
    this.#closesConnections = options?.forceCloseConnections === true;
    const express = this.getInstance<ExpressApplication>();
    class ExpressRequest extends IncomingMessage {}
    class ExpressResponse extends ServerResponse {}
    express.request = above(express.request, ExpressRequest.prototype);
    express.response = above(express.response, ExpressResponse.prototype);
    Object.defineProperty(ExpressRequest.prototype, 'body', bodyProperty);
    const listener = this.getInstance<Parameters<typeof createServer>[1]>();
    const classes = { IncomingMessage: ExpressRequest, ServerResponse: ExpressResponse };
    this.httpServer = createServer(classes, listener);
  }

  override close(): ReturnType<ExpressAdapter['close']> {
    if (this.#closesConnections) this.httpServer.closeAllConnections();
    return super.close();
  }
}

/** The prototype of a class, which inherits from what Express has. */
function above(express: object, prototype: object): object {
  // What it inherits says `IncomingMessage` or `ServerResponse`, as before.
  Reflect.deleteProperty(prototype, 'constructor');
  return Object.setPrototypeOf(prototype, express) as object;
}
