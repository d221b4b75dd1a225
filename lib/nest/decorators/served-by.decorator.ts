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

/**
 * Makes a method of a controller the handler of an endpoint, whose input is its first parameter.
 *
 * @param routes Paths below the controller's.
 * @param more Decorators of the route.
 */
export function servedBy(
  endpoint: Endpoint,
  routes: string | string[],
  more: readonly MethodDecorator[],
): MethodDecorator {
  return (target, key, descriptor) => {
    const method = descriptor as unknown as TypedPropertyDescriptor<AnyHandler>;
    const own = method.value as AnyHandler;
    const { handler, requestAt } = servedHandler(target, key, own, endpoint);
    method.value = handler;
    // Where it is called as a function, nobody else does it.
    Object.defineProperty(target, key, method);
    defineEndpoint(handler, endpoint);
    Input(endpoint)(target, key, 0);
    Req()(target, key, requestAt);
    applyDecorators(Post(routes), HttpCode(200), ...more)(target, key, descriptor);
  };
}
