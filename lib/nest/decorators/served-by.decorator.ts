import {
  applyDecorators,
  createParamDecorator,
  HttpCode,
  Post,
  Req,
  type ExecutionContext,
} from '@nestjs/common';
import { defineEndpoint, type Endpoint } from '../http/endpoint.js';
import { servedHandler, type AnyHandler } from '../http/served-handler.js';
import { Requests } from '../http/requests.js';

const Input = createParamDecorator((endpoint: Endpoint, context: ExecutionContext) => {
  const http = context.switchToHttp();
  const [request, response] = [http.getRequest<object>(), http.getResponse<object>()];
  return Requests.of(request)?.endpoints.input(endpoint, request, response);
});

interface ServedAs {
  /** `Get`, `Post` or another of Nest's. @default Post */
  readonly verb?: (routes: string | string[]) => MethodDecorator;
  /** The status of an answer that is not an error. @default 200 */
  readonly status?: number;
}

/**
 * Makes a controller's method the handler of an endpoint. Its first parameter is the input.
 *
 * @param routes Paths below the controller's.
 * @param more Decorators of the route.
 */
export function servedBy(
  endpoint: Endpoint,
  routes: string | string[],
  more: readonly MethodDecorator[],
  { verb = Post, status = 200 }: ServedAs = {},
): MethodDecorator {
  return (target, key, descriptor) => {
    const method = descriptor as unknown as TypedPropertyDescriptor<AnyHandler>;
    const own = method.value as AnyHandler;
    const { handler, requestAt } = servedHandler(target, key, own, endpoint);
    method.value = handler;
    // If it is called as a function, nothing else does this.
    Object.defineProperty(target, key, method);
    defineEndpoint(handler, endpoint);
    Input(endpoint)(target, key, 0);
    Req()(target, key, requestAt);
    applyDecorators(verb(routes), HttpCode(status), ...more)(target, key, descriptor);
  };
}
