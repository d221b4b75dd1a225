import {
  applyDecorators,
  createParamDecorator,
  HttpCode,
  Post,
  UseFilters,
  UseInterceptors,
  type ExecutionContext,
} from '@nestjs/common';
import { ApiExtraModels, ApiOperation, ApiResponse, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { Observable } from 'rxjs';
import type { IoDescriptor, IoSchema } from '../io/io-descriptor.js';
import { ApiError, ERROR_RESPONSES } from '../server/api-error.js';
import { EndpointRoutes, type Endpoint } from '../server/endpoint.js';
import { IoInterceptor, inputOf } from '../server/io.interceptor.js';
import { VtsExceptionFilter } from '../server/vts-exception.filter.js';
import { VTS_ENDPOINT } from '../vts.constants.js';

/** A descriptor, or the class of one that needs no options. @publicApi */
export type IoInput<Input> = IoDescriptor<Input, never> | (new () => IoDescriptor<Input, never>);

/** A descriptor, or the class of one that needs no options. @publicApi */
export type IoOutput<Output> =
  IoDescriptor<unknown, Output> | (new () => IoDescriptor<unknown, Output>);

/** @publicApi */
export interface VtsApiOptions<Input, Output> {
  /** What the request's body holds; the handler's first parameter. */
  input: IoInput<Input>;
  /** What the response's body holds; what the handler returns. */
  output: IoOutput<Output>;
  /** Path under the controller's. @default the method's name */
  route?: string;
  /** Milliseconds until the request is given up; 0 for no limit. @default the module's `timeoutMs` */
  timeoutMs?: number;
  /** A line for the OpenAPI document. */
  summary?: string;
  /** A text for the OpenAPI document. (A comment of the method does not exist at run time.) */
  description?: string;
  tags?: string[];
  deprecated?: boolean;
  /** @default `<Controller>_<method>` */
  operationId?: string;
}

/**
 * The decorator of a handler, typed so that one whose first parameter or result does not fit is a compile error.
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

const Input = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  inputOf(context.switchToHttp().getRequest()),
);

/**
 * Makes a method of a controller an endpoint: `POST /<method's name>`, whose body the input descriptor turns into the
 * first parameter, and whose result the output descriptor turns into the response. The status is 200; errors are
 * answered as `{ statusCode, message, error }`. Other parameters are free (`@Req()`, `@Headers()`).
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
    EndpointRoutes.add(route, endpoint);
    Reflect.defineMetadata(VTS_ENDPOINT, endpoint, descriptor.value as object);
    Input()(target, key, 0);
    applyDecorators(
      Post(route),
      HttpCode(200),
      UseInterceptors(IoInterceptor),
      UseFilters(VtsExceptionFilter),
      ...documentation(endpoint, options),
    )(target, key, descriptor as TypedPropertyDescriptor<unknown>);
  };
}

function instanceOf<Descriptor>(given: Descriptor | (new () => Descriptor)): Descriptor {
  return typeof given === 'function' ? new (given as new () => Descriptor)() : given;
}

function documentation(
  { input, output }: Endpoint,
  options: VtsApiOptions<never, never> | VtsApiOptions<unknown, unknown>,
): MethodDecorator[] {
  const { summary, description, deprecated, operationId, tags } = options;
  const requestBody = { required: true, content: requestContent(input) };
  return [
    ApiOperation({
      requestBody,
      ...(summary === undefined ? {} : { summary }),
      ...(description === undefined ? {} : { description }),
      ...(deprecated === undefined ? {} : { deprecated }),
      ...(operationId === undefined ? {} : { operationId }),
    }),
    ...(tags === undefined ? [] : [ApiTags(...tags)]),
    ApiExtraModels(ApiError, ...(input.models ?? []), ...(output.models ?? [])),
    ApiResponse({
      status: 200,
      description: 'The result.',
      content: responseContent(output),
    }),
    ...Object.entries(ERROR_RESPONSES).map(([status, meaning]) =>
      ApiResponse({
        status: Number(status),
        description: meaning,
        content: { 'application/json': { schema: { $ref: getSchemaPath(ApiError) } } },
      }),
    ),
  ];
}

interface Content {
  readonly schema: IoSchema;
  readonly example?: unknown;
}

/** Read when the document is made: a descriptor may know its columns only once a runner has loaded its model. */
function late(descriptor: IoDescriptor<unknown, never>, schema: () => IoSchema): Content {
  return {
    get schema() {
      return schema();
    },
    get example() {
      return descriptor.example;
    },
  };
}

function requestContent(input: IoDescriptor<unknown, never>): Record<string, Content> {
  const others = Object.entries(input.alternatives ?? {}).map(
    ([mediaType, schema]) => [mediaType, { schema }] as const,
  );
  return { [input.mediaType]: late(input, () => input.schema), ...Object.fromEntries(others) };
}

function responseContent(output: IoDescriptor<unknown, unknown>): Record<string, Content> {
  const { mediaType, outputMediaType = mediaType, alternatives } = output;
  const other = alternatives?.[outputMediaType];
  if (other) return { [outputMediaType]: { schema: other } };
  return { [outputMediaType]: late(output, () => output.outputSchema ?? output.schema) };
}
