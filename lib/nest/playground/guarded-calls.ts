import type { INestApplication } from '@nestjs/common';
import { ApplicationConfig, ExternalContextCreator } from '@nestjs/core';
import { PlatformHost } from '../http/platform-host.js';
import { VtsExceptionFilter } from '../http/vts-exception.filter.js';
import { InvalidPlaygroundError } from './errors.js';

/** A handler of a route, as frameworks call it. */
export type RouteHandler = (given: object, response: object) => void;

/** The value that a method returns for the response; undefined if it has answered itself. */
type Method = (given: object, response: object) => Promise<unknown>;

/**
 * Makes handlers from methods. They run behind the global guards of an application, and answer
 * errors like endpoints. Interceptors and pipes do not run for them.
 */
export class GuardedCalls {
  readonly #contexts: ExternalContextCreator;
  readonly #filter: VtsExceptionFilter;

  /** @throws InvalidPlaygroundError for guards that only a controller of the application runs. */
  constructor(private readonly app: INestApplication) {
    this.#contexts = app.get(ExternalContextCreator, { strict: false });
    this.#filter = new VtsExceptionFilter(app.get(PlatformHost, { strict: false }));
    if (app.get(ApplicationConfig, { strict: false }).getGlobalRequestGuards().length > 0) {
      throw new InvalidPlaygroundError(
        'a global guard of the application is request-scoped, so it would not be called',
        'give that guard the default scope',
      );
    }
  }

  /** @param name The method's name, which guards see with the class of `instance`. */
  handler<Name extends string>(
    instance: Readonly<Record<Name, Method>> & object,
    name: Name,
  ): RouteHandler {
    const adapter = this.app.getHttpAdapter();
    let guarded: Method | undefined;
    return (given, response) => {
      // Guards are added until the application listens.
      guarded ??= this.#guarded(instance, name);
      guarded(given, response).then(
        (sent) => {
          if (sent !== undefined) adapter.reply(response, sent, 200);
        },
        (error: unknown) => this.#filter.answer(error, given, response),
      );
    };
  }

  #guarded<Name extends string>(
    instance: Readonly<Record<Name, Method>> & object,
    name: Name,
  ): Method {
    return this.#contexts.create(
      instance,
      instance[name] as (...args: unknown[]) => unknown,
      name,
      undefined,
      undefined,
      undefined,
      undefined,
      { guards: true, interceptors: false, filters: false },
      'http',
    ) as Method;
  }
}
