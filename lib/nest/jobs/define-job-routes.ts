import { Delete, Get, Post, Req, Res } from '@nestjs/common';
import { servedBy } from '../decorators/served-by.decorator.js';
import { notedJobHandlers, type Endpoint, type JobHandler } from '../http/endpoint.js';
import type { EndpointCall } from '../http/endpoint-call.js';
import { rawRequest } from '../http/platform.js';
import { RequestRecord } from '../http/request-record.js';
import { Requests } from '../http/requests.js';
import { IoDescriptor, type ResponsePayload } from '../io/io-descriptor.js';
import type { RequestBody } from '../io/request-body.js';
import { requestScope } from '../../serving/runtime/request-scope.js';
import type { JobOperation } from '../http/job-operation-names.js';
import { jobDocumentation } from './job-documentation.js';
import { JobDescription, KeptResult, NoBody } from './job-resource.js';
import type { JobRequest, JobRoutes } from './job-routes.js';
import { HEADERS, INTERCEPTORS, PIPES } from './nest-metadata.js';

/** The action of a job route. */
type Served = (jobs: JobRoutes, request: JobRequest, id: string) => unknown;

const JOB = new JobDescription();
const RESULT = new KeptResult();
const NO_BODY = new NoBody();

/** The bodies of submissions, from validation to the queue. */
const bodies = new WeakMap<object, RequestBody>();

/** The input of a submission: read and checked like the endpoint's, and kept unchanged. */
class SubmittedInput extends IoDescriptor<unknown, never> {
  readonly mediaType: string;
  override readonly maxBytes: number | undefined;

  constructor(private readonly endpoint: Endpoint) {
    super();
    this.mediaType = endpoint.input.mediaType;
    this.maxBytes = endpoint.input.maxBytes;
  }

  override get schema() {
    return this.endpoint.input.schema;
  }

  parse(body: RequestBody): unknown {
    const call = requestScope.getStore() as EndpointCall;
    bodies.set(call, body);
    jobsOf(call.given).checkSize(this.endpoint, body);
    return this.endpoint.input.parse(body);
  }

  serialize(): ResponsePayload {
    throw new TypeError('SubmittedInput is an input.');
  }

  override accepts(mediaType: string | undefined): boolean {
    return this.endpoint.input.accepts(mediaType);
  }
}

const defined = new WeakMap<object, Set<string>>();

/**
 * Adds the job routes to the controllers of endpoints with jobs. They are methods next to the
 * handler, so the decorators of the class apply to them, and those of the handler are copied. They
 * must exist before Nest reads the classes.
 */
export function defineJobRoutes(): void {
  for (const handler of notedJobHandlers()) {
    const { target } = handler;
    const key = String(handler.key);
    let keys = defined.get(target);
    if (keys === undefined) defined.set(target, (keys = new Set()));
    if (keys.has(key)) continue;
    keys.add(key);
    defineRoutes(handler, key);
  }
}

function defineRoutes(handler: JobHandler, key: string): void {
  const { target, key: method, route, endpoint } = handler;
  const path = `${route.replace(/\/+$/, '')}/jobs`;
  const { timeoutMs } = endpoint;
  const submission = { input: new SubmittedInput(endpoint), output: JOB, timeoutMs, ofJobs: true };
  const reading = { input: NO_BODY, output: JOB, timeoutMs: undefined, ofJobs: true };
  const main = (target as Record<string | symbol, object>)[method] as object;
  const add = (
    operation: JobOperation,
    own: Endpoint,
    at: string,
    how: Parameters<typeof servedBy>[3],
    serve: Served,
  ): void => {
    const docs = jobDocumentation(handler, operation);
    addRoute(target, `${key}:${operation}`, main, endpoint, own, at, how, docs, serve);
  };

  add('submitJob', submission, path, { verb: Post, status: 202 }, (jobs, request) => {
    const call = RequestRecord.of(rawRequest(request.given))?.scope as object;
    return jobs.submit(request, bodies.get(call) as RequestBody);
  });
  add('getJob', reading, `${path}/:jobId`, { verb: Get }, (jobs, request, id) =>
    jobs.state(request, id),
  );
  add('watchJob', reading, `${path}/:jobId/events`, { verb: Get }, (jobs, request, id) =>
    jobs.watch(request, id),
  );
  add(
    'getJobResult',
    { ...reading, output: RESULT },
    `${path}/:jobId/result`,
    { verb: Get },
    (jobs, request, id) => jobs.result(request, id),
  );
  add('cancelJob', reading, `${path}/:jobId`, { verb: Delete }, (jobs, request, id) =>
    jobs.cancel(request, id),
  );
}

function addRoute(
  target: object,
  name: string,
  main: object,
  endpoint: Endpoint,
  own: Endpoint,
  path: string,
  how: Parameters<typeof servedBy>[3],
  docs: readonly MethodDecorator[],
  serve: Served,
): void {
  const value = (_input: unknown, given: object, givenResponse: object): unknown =>
    serve(jobsOf(given), { endpoint, given, givenResponse }, idOf(given));
  Object.defineProperty(value, 'name', { value: name });
  const method = { value, writable: true, configurable: true, enumerable: false };
  Object.defineProperty(target, name, method);
  Reflect.defineMetadata('design:paramtypes', [Object, Object, Object], target, name);
  Req()(target, name, 1);
  Res({ passthrough: true })(target, name, 2);
  servedBy(own, path, docs, how)(target, name, method as TypedPropertyDescriptor<unknown>);
  copyMetadata(main, (target as Record<string, object>)[name] as object, own.input !== NO_BODY);
}

/** Guards, pipes, filters and all other metadata that the application has set on the handler. */
function copyMetadata(from: object, to: object, readsInput: boolean): void {
  // Interceptors wrap the run.
  const skipped = [HEADERS, INTERCEPTORS, ...(readsInput ? [] : [PIPES])];
  const kept = new Set<unknown>(Reflect.getMetadataKeys(to));
  for (const key of Reflect.getMetadataKeys(from) as unknown[]) {
    // Response headers belong to the handler's own answer, and these routes have their own
    // documentation.
    if (kept.has(key) || skipped.includes(key) || OF_ITS_DOCUMENT.test(String(key))) continue;
    Reflect.defineMetadata(key, Reflect.getMetadata(key, from), to);
  }
}

/** Access and visibility in the document are the same for all routes of an endpoint. */
const OF_ITS_DOCUMENT = /^swagger\/(?!apiSecurity$|apiExcludeEndpoint$|apiUseTags$)/;

/** Not by `@Param`, because the handler's pipes are for its input. */
function idOf(given: object): string {
  const { params } = given as { params?: { jobId?: unknown } };
  return String(params?.jobId);
}

function jobsOf(given: object): JobRoutes {
  return Requests.of(given)?.jobs as JobRoutes;
}
