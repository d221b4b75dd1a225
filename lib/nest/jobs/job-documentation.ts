import type { ApiOperationOptions, ApiResponseOptions } from '@nestjs/swagger';
import {
  apiErrors,
  apiRouteParameters,
  requestBodyOf,
  responseContent,
  type VtsApiDocs,
} from '../decorators/endpoint-documentation.js';
import { ApiError } from '../http/api-error.js';
import type { JobHandler } from '../http/endpoint.js';
import { jobOperationName, type JobOperation } from '../http/job-operation-names.js';
import {
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiResponse,
  ApiTags,
  getSchemaPath,
} from '../openapi.js';
import { VtsJob } from './job-schema.js';

const JOB_CONTENT = { 'application/json': { schema: { $ref: getSchemaPath(VtsJob) } } };
const ASK_AGAIN = {
  'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer' as const } },
};

const NOT_FOUND = 'No job has this id here; it may have expired.';
const UNAVAILABLE = 'The job queue cannot be reached; try again after the time in Retry-After.';

/** Errors of the routes of one job, besides those of all routes. */
const OF_A_JOB: Readonly<Record<number, string>> = {
  404: NOT_FOUND,
  429: 'Too many requests; try again after the time in Retry-After.',
  500: 'The service failed; the log has the reason.',
  503: UNAVAILABLE,
};

interface Described {
  readonly summary: string;
  readonly description?: string;
  readonly body?: boolean;
  readonly answer: ApiResponseOptions & { readonly status: number };
  readonly others?: Readonly<Record<number, string>>;
  readonly errors: Readonly<Record<number, string>>;
  readonly headers?: readonly Parameters<typeof ApiHeader>[0][];
}

/** The decorators that describe a route of an endpoint's jobs in the OpenAPI document. */
export function jobDocumentation(
  { key, route, endpoint, docs }: JobHandler,
  operation: JobOperation,
): MethodDecorator[] {
  const { operationId: main, deprecated, tags = [] } = docs as VtsApiDocs;
  const { input, output } = endpoint;
  const described = describe(operation, String(key), endpoint);
  const { summary, description, body, answer, others = {}, errors, headers = [] } = described;
  return [
    ApiOperation({
      summary,
      description,
      deprecated,
      ...(body ? { requestBody: requestBodyOf(input) } : {}),
      operationId: main === undefined ? undefined : jobOperationName(main, operation),
    } as ApiOperationOptions),
    ...(tags.length === 0 ? [] : [ApiTags(...tags)]),
    ...apiRouteParameters(operation === 'submitJob' ? route : `${route}/:jobId`),
    ...headers.map((header) => ApiHeader(header)),
    ApiExtraModels(ApiError, VtsJob, ...(input.models ?? []), ...(output.models ?? [])),
    ApiResponse(answer),
    ...Object.entries(others).map(([status, text]) =>
      ApiResponse({ status: Number(status), description: text }),
    ),
    ...apiErrors(errors),
  ];
}

function describe(
  operation: JobOperation,
  name: string,
  { output }: JobHandler['endpoint'],
): Described {
  switch (operation) {
    case 'submitJob':
      return {
        summary: `Submits a job of ${name}`,
        description:
          'The job continues when the client disconnects. Location is the path of the job.',
        body: true,
        answer: {
          status: 202,
          description: 'The job is in the queue.',
          headers: {
            Location: { description: 'The path of the job.', schema: { type: 'string' } },
            ...ASK_AGAIN,
          },
          content: JOB_CONTENT,
        },
        headers: SUBMISSION_HEADERS,
        errors: SUBMISSION_ERRORS,
      };
    case 'getJob':
      return {
        summary: `The state of a job of ${name}`,
        answer: {
          status: 200,
          description: 'The job. Retry-After is set until it has ended.',
          headers: ASK_AGAIN,
          content: JOB_CONTENT,
        },
        errors: OF_A_JOB,
      };
    case 'watchJob':
      return {
        summary: `The states of a job of ${name}, as server-sent events`,
        answer: {
          status: 200,
          description: 'An unnamed event for each change, with the job as JSON, and then `end`.',
          content: { 'text/event-stream': { schema: { type: 'string' } } },
        },
        others: { 204: 'The job has ended, and Last-Event-ID names its final state.' },
        headers: [
          {
            name: 'Last-Event-ID',
            required: false,
            description: 'The id of the last event received. The stream continues after it.',
            schema: { type: 'string' },
          },
        ],
        errors: OF_A_JOB,
      };
    case 'getJobResult':
      return {
        summary: `The result of a job of ${name}`,
        description: 'The response of the endpoint, or its error if the job failed.',
        answer: { status: 200, description: 'The result.', content: responseContent(output) },
        errors: {
          400: 'The job failed: the input cannot be used.',
          ...OF_A_JOB,
          409: 'The job has not ended; try again after the time in Retry-After.',
          410: 'The job was cancelled.',
          422: 'The job failed: the application rejected the input.',
          504: 'The job failed: it took too long.',
        },
      };
    case 'cancelJob':
      return {
        summary: `Cancels a job of ${name}`,
        answer: { status: 200, description: 'The job, cancelled.', content: JOB_CONTENT },
        errors: { ...OF_A_JOB, 409: 'The job has already ended.' },
      };
  }
}

const SUBMISSION_ERRORS: Readonly<Record<number, string>> = {
  400: 'The body or a header is not valid.',
  404: 'Nothing is at this path.',
  408: 'The request did not arrive in time.',
  409: 'Another request with this Idempotency-Key is in progress.',
  413: 'The body is too large.',
  415: 'The media type, charset or compression of the body is not accepted.',
  422: 'The Idempotency-Key was used before with another body.',
  429: 'Too many requests; try again after the time in Retry-After.',
  500: 'The service failed; the log has the reason.',
  503: 'The job queue is full or cannot be reached; try again after the time in Retry-After.',
  504: 'The request was not answered in time.',
};

const SUBMISSION_HEADERS: readonly Parameters<typeof ApiHeader>[0][] = [
  {
    name: 'Idempotency-Key',
    required: false,
    description: 'Requests with the same key and body return the same job.',
    schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]([ -~]*[!-~])?$' },
  },
  {
    name: 'Webhook-Url',
    required: false,
    description:
      'The address that gets a message when the job has ended, if the service allows it.',
    schema: { type: 'string', maxLength: 2048 },
  },
];
