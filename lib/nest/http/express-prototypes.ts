import { IncomingMessage, ServerResponse, type Server } from 'node:http';
import { Injectable, Inject, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

/** What Express makes the prototypes of each request and response. */
interface ExpressApplication {
  request: object;
  response: object;
}

/**
 * By symbols that Node keeps to itself: what its option of the same name sets, the class of what a
 * server makes.
 */
type NodeServer = Server & Record<symbol, unknown>;

/**
 * Has Node make requests and responses with the prototypes that Express wants them to have.
 *
 * Express changes the prototypes of both when a request has come. JavaScript engines cannot
 * optimize such objects, and whatever reads or sets a property of one from there on is slow: that
 * costs twice as much as all that Express does. Made with these prototypes, they stay as they are.
 * What was added to Express's own objects, or is later, is there as before. A server that is not
 * Node's own, or has classes of its own, is left alone.
 */
@Injectable()
export class ExpressPrototypes implements OnModuleInit {
  constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

  onModuleInit(): void {
    const { httpAdapter } = this.host;
    const server = httpAdapter?.getHttpServer() as NodeServer | undefined;
    if (httpAdapter?.getType() !== 'express' || server === undefined) return;
    const express = httpAdapter.getInstance<ExpressApplication>();
    const request = symbolOf(server, IncomingMessage);
    const response = symbolOf(server, ServerResponse);
    if (request === undefined || response === undefined) return;
    class ExpressRequest extends IncomingMessage {}
    class ExpressResponse extends ServerResponse {}
    express.request = above(express.request, ExpressRequest.prototype);
    express.response = above(express.response, ExpressResponse.prototype);
    server[request] = ExpressRequest;
    server[response] = ExpressResponse;
  }
}

/** Where a server keeps its class; undefined where that is another. */
function symbolOf(server: NodeServer, type: { readonly name: string }): symbol | undefined {
  const symbols = Object.getOwnPropertySymbols(server);
  const symbol = symbols.find(({ description }) => description === type.name);
  return symbol !== undefined && server[symbol] === type ? symbol : undefined;
}

/** The prototype of a class, which inherits from what Express has. */
function above(express: object, prototype: object): object {
  // What it inherits says `IncomingMessage` or `ServerResponse`, as before.
  Reflect.deleteProperty(prototype, 'constructor');
  return Object.setPrototypeOf(prototype, express) as object;
}
