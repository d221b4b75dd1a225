import { UseFilters } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { IoDescriptor } from '../io/io-descriptor.js';
import type { Endpoint } from '../http/endpoint.js';
import { VtsExceptionFilter } from '../http/vts-exception.filter.js';
import { endpointDocumentation, type VtsApiDocs } from './endpoint-documentation.js';
import { servedBy } from './served-by.decorator.js';

/** A descriptor, or the class of one that needs no options. @publicApi */
export type IoInput<Input> = IoDescriptor<Input, never> | (new () => IoDescriptor<Input, never>);

/** A descriptor, or the class of one that needs no options. @publicApi */
export type IoOutput<Output> =
  IoDescriptor<unknown, Output> | (new () => IoDescriptor<unknown, Output>);

/** @publicApi */
export interface VtsApiOptions<Input, Output> extends VtsApiDocs {
  /** What the request's body holds; the handler's first parameter. */
  input: IoInput<Input>;
  /** What the response's body holds; what the handler returns. */
  output: IoOutput<Output>;
  /** Path under the controller's. @default the method's name */
  route?: string;
  /** Time limit of a request in milliseconds, 0 for none. @default the module's `timeoutMs` */
  timeoutMs?: number;
}

/**
 * The decorator of a handler, typed so that one whose first parameter or result does not fit is a
 * compile error.
 *
 * @publicApi
 */
export type VtsApiDecorator<Input, Output> = <
  Handler extends (input: Input, ...rest: never[]) => Output | Promise<Output> | Observable<Output>,
>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<Handler>,
) => void;

/**
 * Makes a method of a controller an endpoint: `POST /<method's name>`, whose body the input
 * descriptor turns into the first parameter, and whose result the output descriptor turns into the
 * response. The status is 200; errors are answered as `{ statusCode, message, error }`. Other
 * parameters are free (`@Req()`, `@Headers()`).
 *
 * @example
 * \@VtsApi({ input: Text, output: NumpyNdarray })
 * async classifyText(text: string): Promise<Tensor> {
 *   const [, , probs] = await this.runner.predict.run(text);
 *   return probs;
 * }
 *
 * @publicApi
 */
export function VtsApi<Input, Output>(
  options: VtsApiOptions<Input, Output>,
): VtsApiDecorator<Input, Output> {
  const endpoint: Endpoint = {
    input: instanceOf(options.input),
    output: instanceOf(options.output) as IoDescriptor<unknown, unknown>,
    timeoutMs: options.timeoutMs,
  };
  return (target, key, descriptor) => {
    const route = options.route ?? String(key);
    servedBy(endpoint, route, [
      UseFilters(VtsExceptionFilter),
      ...endpointDocumentation(endpoint, route, options),
    ])(target, key, descriptor as TypedPropertyDescriptor<unknown>);
  };
}

function instanceOf<Descriptor>(given: Descriptor | (new () => Descriptor)): Descriptor {
  return typeof given === 'function' ? new (given as new () => Descriptor)() : given;
}
