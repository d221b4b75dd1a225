import {
  Catch,
  HttpException,
  IntrinsicException,
  Logger,
  MethodNotAllowedException,
  NotFoundException,
  type ArgumentsHost,
} from '@nestjs/common';
import { pathOf } from './platform.js';
import { VtsExceptionFilter } from './vts-exception.filter.js';

/**
 * Answers errors of all other routes, of middleware and body parsers, and of paths that are none,
 * in the shape of the endpoints' errors. It takes the place of Nest's built-in filter: filters of
 * the application come before it.
 *
 * A path that has other methods is a 405 with `Allow`, where Nest would say 404.
 */
@Catch()
export class DefaultExceptionFilter extends VtsExceptionFilter {
  // As Nest's own filter, of which it takes the place.
  protected override readonly logger = new Logger('ExceptionsHandler');

  // What an application's own clients are used to.
  protected override readonly keepsLists = true;

  override catch(error: unknown, host: ArgumentsHost): void {
    // Others than HTTP have ways of their own.
    if (host.getType() === 'http') super.catch(error, host);
  }

  override answer(error: unknown, request: object, response: object): void {
    if (error instanceof IntrinsicException && !(error instanceof HttpException)) {
      super.answer(new HttpException('Internal server error', 500), request, response);
    } else super.answer(this.#allowed(error, request, response) ?? error, request, response);
  }

  #allowed(
    error: unknown,
    request: object,
    response: object,
  ): MethodNotAllowedException | undefined {
    if (!(error instanceof NotFoundException)) return undefined;
    const platform = this.platforms.demand();
    const { method = '' } = platform.requestOf(request);
    const { url } = platform.factsOf(request);
    // What Nest throws where no route was reached; a handler's own 404 is left as it is.
    if (error.message !== `Cannot ${method} ${url}`) return undefined;
    const methods = platform.methodsAt(pathOf(url));
    if (methods.length === 0 || methods.includes(method)) return undefined;
    platform.setHeader(response, 'allow', methods.join(', '));
    return new MethodNotAllowedException(
      `Cannot ${method} ${url}; this path has ${methods.join(', ')}.`,
    );
  }
}
