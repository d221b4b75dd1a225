import type { Server } from 'node:http';
import {
  BadRequestException,
  Inject,
  Injectable,
  NotFoundException,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost, ModuleRef } from '@nestjs/core';
import { DefaultExceptionFilter } from './default-exception.filter.js';
import type { HttpRequest, HttpResponse } from './http.js';
import { RequestRecord } from './request-record.js';
import { answerRawErrors } from './raw-errors.js';

/**
 * The list of global filters, as Nest keeps it; an application has no other way to put one before
 * all others.
 */
interface NestInternals {
  readonly container?: {
    readonly applicationConfig?: { getGlobalFilters?(): unknown[] };
  };
}

type Handle = (
  request: HttpRequest & { originalUrl?: string },
  response: HttpResponse,
  next?: (error?: unknown) => void,
) => void;

/** Express, which without a `next` answers by itself what is left over. */
interface ExpressApplication {
  handle: Handle;
}

/**
 * Sees that every error response of the application has the one shape: those of other routes, of
 * unknown paths, and of what is no HTTP.
 */
@Injectable()
export class ErrorContract implements OnModuleInit {
  readonly #filter: DefaultExceptionFilter;

  constructor(
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    @Inject(ModuleRef) module: ModuleRef,
  ) {
    this.#filter = new DefaultExceptionFilter(host);
    const { container } = module as unknown as NestInternals;
    // The last filter of the list that takes an error gets it: the first one is for what no other
    // wants.
    container?.applicationConfig?.getGlobalFilters?.().unshift(this.#filter);
    host.init$.subscribe(() => this.#demandHost());
  }

  onModuleInit(): void {
    const server = this.host.httpAdapter?.getHttpServer() as Server | undefined;
    if (this.host.httpAdapter?.getType() !== 'express' || !server?.on) return;
    answerRawErrors(server);
    this.#answerTheRest(this.host.httpAdapter.getInstance() as ExpressApplication);
    // Its own answer to a request without a Host header has no body; the middleware's has.
    (server as Server & { requireHostHeader?: boolean }).requireHostHeader = false;
  }

  /**
   * With a global prefix Nest leaves what is outside of it to Express, whose answer is a page of
   * HTML. Only what no route or middleware has taken comes here, however late it was added.
   */
  #answerTheRest(express: ExpressApplication): void {
    const { handle } = express;
    express.handle = (request, response, next) => {
      const rest = (error?: unknown): void => {
        const { method, originalUrl } = request;
        const fault = error ?? new NotFoundException(`Cannot ${method} ${originalUrl}`);
        this.#filter.answer(fault, request, response);
      };
      handle.call(express, request, response, next ?? rest);
    };
  }

  /**
   * Answers requests that are refused before they are read. Called when all of the application's
   * own middleware is in place: its headers, such as those of CORS, belong to a refusal as to any
   * answer.
   */
  answerRefusals(): void {
    const { httpAdapter } = this.host;
    if (httpAdapter?.getType() !== 'express') return;
    httpAdapter.use((request: HttpRequest, response: HttpResponse, next: () => void) => {
      const refusal = RequestRecord.of(request)?.refusal;
      if (refusal === undefined) next();
      else this.#filter.answer(refusal, request, response);
    });
  }

  #demandHost(): void {
    const { httpAdapter } = this.host;
    if (httpAdapter.getType() !== 'express') return;
    httpAdapter.use((request: HttpRequest, response: HttpResponse, next: (e?: Error) => void) => {
      if (request.headers.host !== undefined || request.httpVersion !== '1.1') return next();
      response.setHeader('connection', 'close');
      next(new BadRequestException('The request has no Host header; send one.'));
    });
  }
}
