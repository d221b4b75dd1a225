import { UseFilters } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { IoDescriptor } from '../io/io-descriptor.js';
import { noteJobHandler, type Endpoint } from '../http/endpoint.js';
import { VtsExceptionFilter } from '../http/vts-exception.filter.js';
import { checkedJob, type VtsJobOptions } from '../jobs/job-options.js';
import { endpointDocumentation, type VtsApiDocs } from './endpoint-documentation.js';
import { servedBy } from './served-by.decorator.js';

/** A descriptor, or the class of one that needs no options. @publicApi */
export type IoInput<Input> = IoDescriptor<Input, never> | (new () => IoDescriptor<Input, never>);

/** A descriptor, or the class of one that needs no options. @publicApi */
export type IoOutput<Output> =
  IoDescriptor<unknown, Output> | (new () => IoDescriptor<unknown, Output>);

/** @publicApi */
export interface VtsApiOptions<Input, Output> extends VtsApiDocs {
  /** The descriptor of the request's body, which becomes the handler's first parameter. */
  input: IoInput<Input>;
  /** The descriptor of the response's body, which the handler returns. */
  output: IoOutput<Output>;
  /** The path below the controller's. @default the method's name */
  route?: string;
  /** The time limit of a request in milliseconds; 0 for none. @default the module's `timeoutMs` */
  timeoutMs?: number;
  /**
   * Also accepts requests as jobs, which outlive the request: `POST <route>/jobs` returns 202 with
   * an id, `GET <route>/jobs/:jobId` returns the state, `GET <route>/jobs/:jobId/result` returns
   * the response that `POST <route>` would have sent, and `DELETE <route>/jobs/:jobId` cancels the
   * job. The handler stays as it is, but its only parameter must be the input. Needs `jobs` in
   * `VtsModule.forRoot`.
   *
   * @default false
   */
  job?: boolean | VtsJobOptions;
}

/**
 * The decorator of a handler. Its type makes a first parameter or result that does not fit a
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
 * Makes a controller's method an endpoint: `POST /<method's name>`. The input descriptor turns the
 * body into the first parameter, and the output descriptor turns the result into the response. The
 * status is 200. Errors are answered as `{ statusCode, message, error }`. You can use other
 * parameters freely (`@Req()`, `@Headers()`).
 *
 * @example
 * \@VtsApi({ input: Text, output: NumpyNdarray }) async classifyText(text: string): Promise<Tensor>
 * { const [, , probs] = await this.runner.predict.run(text); return probs; }
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
    ...(options.job ? { job: checkedJob(options.job) } : {}),
  };
  return (target, key, descriptor) => {
    const route = options.route ?? String(key);
    servedBy(endpoint, route, [
      UseFilters(VtsExceptionFilter),
      ...endpointDocumentation(endpoint, route, options),
    ])(target, key, descriptor as TypedPropertyDescriptor<unknown>);
    if (endpoint.job) noteJobHandler({ target, key, route, endpoint, docs: options });
  };
}

function instanceOf<Descriptor>(given: Descriptor | (new () => Descriptor)): Descriptor {
  return typeof given === 'function' ? new (given as new () => Descriptor)() : given;
}
