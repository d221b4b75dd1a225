import { Controller, Req, type Type } from '@nestjs/common';
import { Runner } from '../decorators/runner.decorator.js';
import { VtsApi } from '../decorators/vts-api.decorator.js';
import { rawRequest } from '../http/platform.js';
import type { RunnerHandle } from '../../serving/runner/runner-types.js';
import { ApiQuery } from '../openapi.js';
import type { Model } from '../../serving/store/index.js';
import { askedBy } from './asked.js';
import { ENDPOINT_NAMES, type EndpointName, type ServedEndpoint } from './served-endpoint.js';
import { servedEndpoints } from './served-model.js';

/** How a model is routed. */
export interface ServedAs {
  /** The path before `/predict`; '' for none. */
  readonly path: string;
  /** A suffix of operation names in the document; '' if one model is served. */
  readonly suffix: string;
}

/** A controller with the endpoints of a model: `POST /predict`, `/explain`, `/show`. */
export async function servedController(
  tag: string,
  model: Model,
  { path, suffix }: ServedAs,
): Promise<Type> {
  let runner: RunnerHandle | undefined;
  const endpoints = await servedEndpoints(tag, model, () => runner as RunnerHandle);

  @Controller(path)
  class ServedController {
    constructor(@Runner(tag) given: RunnerHandle) {
      runner = given;
    }
  }
  for (const name of ENDPOINT_NAMES) {
    const endpoint = endpoints[name];
    if (endpoint) addEndpoint(ServedController, name, endpoint, `${name}${suffix}`);
  }
  return ServedController;
}

function addEndpoint(
  { prototype }: Type,
  name: EndpointName,
  { summary, description, input, output, query = [], handle }: ServedEndpoint,
  operationId: string,
): void {
  const value = (item: unknown, request: object): unknown =>
    handle(item, askedBy(rawRequest(request)));
  Object.defineProperty(value, 'name', { value: name });
  const method = { value, writable: true, configurable: true, enumerable: false };
  Object.defineProperty(prototype, name, method);
  Reflect.defineMetadata('design:paramtypes', [Object, Object], prototype as object, name);
  Req()(prototype as object, name, 1);
  for (const parameter of query) {
    ApiQuery({ ...parameter, required: false })(prototype as object, name, method);
  }
  VtsApi({ input, output, summary, description, operationId })(
    prototype as object,
    name,
    method as TypedPropertyDescriptor<typeof value>,
  );
}
