import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';
import { bodyProperty } from '../early-body.js';

type ServerOptions = Parameters<ExpressAdapter['initHttpServer']>[0];

/** The objects that Express sets as prototypes of each request and response. */
interface ExpressApplication {
  request: object;
  response: object;
}

/**
 * Nest's Express adapter with a server that creates requests and responses with the prototypes that
 * Express expects.
 *
 * Express changes the prototypes of both for every request. JavaScript engines cannot optimize such
 * objects, so every later access to a property is slow: that costs twice as much as the rest of
 * Express. Here the objects have the right prototypes from the start. Additions to Express's own
 * prototypes work as with Nest's adapter, at any time.
 *
 * With `httpsOptions`, it behaves exactly like Nest's adapter.
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

/** The prototype of a class, which inherits from Express's own. */
function above(express: object, prototype: object): object {
  // The inherited tag is still `IncomingMessage` or `ServerResponse`.
  Reflect.deleteProperty(prototype, 'constructor');
  return Object.setPrototypeOf(prototype, express) as object;
}
