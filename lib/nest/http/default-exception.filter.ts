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
 * Answers errors of all other routes, of middleware and body parsers, and of unknown paths, in the
 * shape of the endpoints' errors. It replaces Nest's built-in filter; the application's filters
 * come before it.
 *
 * It answers 405 with `Allow` if a path has other methods, where Nest would answer 404.
 */
@Catch()
export class DefaultExceptionFilter extends VtsExceptionFilter {
  // Like Nest's own filter, which it replaces.
  protected override readonly logger = new Logger('ExceptionsHandler');

  // The form that an application's own clients expect.
  protected override readonly keepsLists = true;

  override catch(error: unknown, host: ArgumentsHost): void {
    // Other transports handle errors themselves.
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
    // Nest's error for an unknown route. A handler's own 404 is left unchanged.
    if (error.message !== `Cannot ${method} ${url}`) return undefined;
    const methods = platform.methodsAt(pathOf(url));
    if (methods.length === 0 || methods.includes(method)) return undefined;
    platform.setHeader(response, 'allow', methods.join(', '));
    return new MethodNotAllowedException(
      `Cannot ${method} ${url}; this path supports ${methods.join(', ')}.`,
    );
  }
}
