import type { ApiOperationOptions, ApiResponseOptions } from '@nestjs/swagger';
import type { IoDescriptor, IoSchema } from '../io/io-descriptor.js';
import { ApiError, ERROR_RESPONSES, errorContent } from '../http/api-error.js';
import type { Endpoint } from '../http/endpoint.js';
import { streamOf } from '../http/event-stream.js';
import { ApiExtraModels, ApiOperation, ApiParam, ApiResponse, ApiTags } from '../openapi.js';

/** The options of `@VtsApi` for the OpenAPI document. */
export interface VtsApiDocs {
  /** One line for the OpenAPI document. */
  summary?: string;
  /** A text for the OpenAPI document. (A comment of the method does not exist at run time.) */
  description?: string;
  tags?: string[];
  deprecated?: boolean;
  /** @default the method's name; `<Controller>_<method>` if two methods share it */
  operationId?: string;
}

/** The decorators that describe an endpoint in the OpenAPI document. */
export function endpointDocumentation(
  { input, output }: Endpoint,
  route: string,
  { summary, description, deprecated, operationId, tags = [] }: VtsApiDocs,
): MethodDecorator[] {
  return [
    // Leaves undefined values out of the document.
    ApiOperation({
      requestBody: requestBodyOf(input),
      summary,
      description,
      deprecated,
      operationId,
    } as ApiOperationOptions),
    ...(tags.length === 0 ? [] : [ApiTags(...tags)]),
    ...apiRouteParameters(route),
    ApiExtraModels(ApiError, ...(input.models ?? []), ...(output.models ?? [])),
    ApiResponse({
      status: 200,
      description: 'The result.',
      content: responseContent(output),
    }),
    ...apiErrors(errorsOf(output)),
  ];
}

/** The body of a request that the descriptor reads. */
export function requestBodyOf(input: IoDescriptor<unknown, never>): object {
  const { bodyDescription } = input;
  return {
    required: true,
    ...(bodyDescription === undefined ? {} : { description: bodyDescription }),
    content: requestContent(input),
  };
}

/** The document must name every parameter of the route, even if the handler does not inject it. */
export function apiRouteParameters(route: string): MethodDecorator[] {
  return [...route.matchAll(/[:*](\w+)/g)].map(([, name]) =>
    ApiParam({ name: name as string, required: true, schema: { type: 'string' } }),
  );
}

/** Error responses and their meanings, by status. */
export function apiErrors(meanings: Readonly<Record<string, string>>): MethodDecorator[] {
  return Object.entries(meanings).map(([status, meaning]) =>
    ApiResponse({
      status: Number(status),
      description: meaning,
      headers: ERROR_HEADERS[status] ?? {},
      content: errorContent(Number(status), meaning),
    }),
  );
}

function errorsOf({ refusesAccept }: IoDescriptor<unknown, unknown>): Record<string, string> {
  const { 406: notAcceptable, ...others } = ERROR_RESPONSES;
  return refusesAccept === true ? { ...others, 406: notAcceptable as string } : others;
}

const RETRY_AFTER = {
  'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer' as const } },
};

const ERROR_HEADERS: Readonly<Record<string, ApiResponseOptions['headers']>> = {
  405: { Allow: { description: 'The methods of the path.', schema: { type: 'string' } } },
  429: RETRY_AFTER,
  503: RETRY_AFTER,
};

interface Content {
  readonly schema: IoSchema;
  readonly example?: unknown;
  readonly encoding?: IoDescriptor<unknown, never>['encoding'];
}

/** A getter, because a descriptor may learn its columns only when a runner loads its model. */
function late(
  descriptor: IoDescriptor<unknown, never>,
  schema: () => IoSchema,
  example: () => unknown = () => descriptor.example,
): Content {
  return {
    get schema() {
      return schema();
    },
    get example() {
      return example();
    },
  };
}

function requestContent(input: IoDescriptor<unknown, never>): Record<string, Content> {
  const own = late(input, () => input.schema);
  const content: Record<string, Content> = {
    [input.mediaType]: input.encoding ? Object.assign(own, { encoding: input.encoding }) : own,
  };
  const others = { ...input.alternatives, ...input.bodyAlternatives };
  for (const [type, schema] of Object.entries(others)) content[type] = { schema };
  return content;
}

/** The content of a response that the descriptor writes. */
export function responseContent(output: IoDescriptor<unknown, unknown>): Record<string, Content> {
  const content = mainContent(output);
  const others = Object.entries(output.outputAlternatives ?? {});
  for (const [type, schema] of others) content[type] = { schema };
  return content;
}

function mainContent(output: IoDescriptor<unknown, unknown>): Record<string, Content> {
  const { mediaType, outputMediaType = mediaType, alternatives } = output;
  const other = output.outputSchema ? undefined : alternatives?.[outputMediaType];
  if (other) return { [outputMediaType]: { schema: other } };
  const schema = (): IoSchema => output.outputSchema ?? output.schema;
  return { [outputMediaType]: late(output, schema, () => responseExample(output, schema())) };
}

function responseExample(
  { example, serializeEvent }: IoDescriptor<unknown, unknown>,
  { type }: IoSchema,
): unknown {
  if (typeof example === 'string' && serializeEvent) return streamOf(example);
  // The parts of a form that hold bytes.
  if (typeof example === 'object' && type === 'string') return undefined;
  return example;
}
