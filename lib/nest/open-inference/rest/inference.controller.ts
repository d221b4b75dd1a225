import { randomUUID } from 'node:crypto';
import {
  Controller,
  Inject,
  Param,
  Req,
  Res,
  UseFilters,
  VERSION_NEUTRAL,
  type Type,
} from '@nestjs/common';
import { InferenceMessageError } from '../../../client/protocol/errors.js';
import type { InferRequest } from '../../../client/protocol/messages.js';
import {
  HEADER_LENGTH,
  inferResponseBody,
  readInferRequest,
} from '../../../client/protocol/rest-messages.js';
import type { InferenceService } from '../../../serving/open-inference/contract.js';
import { requestScope } from '../../../serving/runtime/request-scope.js';
import { servedBy } from '../../decorators/served-by.decorator.js';
import type { EndpointCall } from '../../http/endpoint-call.js';
import type { Endpoint } from '../../http/endpoint.js';
import { rawRequest } from '../../http/platform.js';
import type { ResponsePayload } from '../../io/io-descriptor.js';
import { requestIdOf } from '../../observability/request-id.js';
import { ApiExcludeController } from '../../openapi.js';
import { INFERENCE_SERVICE } from '../inference-service.js';
import { Answers } from './answers.js';
import { ProtocolAnswer, ProtocolBody, ProtocolEvents } from './descriptors.js';
import { ofModel } from './model.controller.js';
import { OPEN_INFERENCE, OpenInferenceFilter } from './protocol.js';
import { readRawRequest } from './raw-request.js';
import { generateJson, readGenerateBody, readReadyOnly, refuseOwnModel } from './resources.js';

const MICROSECONDS = 1000;

const input = new ProtocolBody();

function endpoint(output: ProtocolAnswer = new ProtocolAnswer()): Endpoint {
  return { input, output, timeoutMs: undefined, protocol: OPEN_INFERENCE };
}

/** Runs models, and loads and unloads them: all `POST`s below the path. */
export function inferenceController(path: string): Type {
  @ApiExcludeController()
  @Controller({ path, version: VERSION_NEUTRAL })
  @UseFilters(OpenInferenceFilter)
  class VtsOpenInferenceController {
    constructor(
      @Inject(INFERENCE_SERVICE) private readonly service: InferenceService,
      @Inject(Answers) private readonly answers: Answers,
    ) {}

    @servedBy(endpoint(), ofModel('/infer'), [])
    async infer(
      body: Uint8Array,
      @Req() given: object,
      @Res({ passthrough: true }) response: object,
      @Param('model') modelName: string,
      @Param('version') modelVersion = '',
    ): Promise<ResponsePayload> {
      this.#find(modelName, modelVersion);
      const request = this.#request(body, given, { modelName, modelVersion });
      limitBy(request.parameters?.['timeout']);
      const answer = await this.service.infer(request);
      return this.answers.tensors(given, response, inferResponseBody(answer, request));
    }

    @servedBy(endpoint(), ofModel('/generate'), [])
    async generate(
      body: Uint8Array,
      @Req() given: object,
      @Res({ passthrough: true }) response: object,
      @Param('model') modelName: string,
      @Param('version') modelVersion = '',
    ): Promise<ResponsePayload> {
      this.#find(modelName, modelVersion);
      const request = { ...readGenerateBody(body), modelName, modelVersion };
      limitBy(request.parameters['timeout']);
      const answer = await this.service.generate(request);
      return this.answers.json(given, response, generateJson(answer));
    }

    @servedBy(endpoint(new ProtocolEvents()), ofModel('/generate_stream'), [])
    async *generateStream(
      body: Uint8Array,
      @Param('model') modelName: string,
      @Param('version') modelVersion = '',
    ): AsyncGenerator<object> {
      this.#find(modelName, modelVersion);
      const request = { ...readGenerateBody(body), modelName, modelVersion };
      limitBy(request.parameters['timeout']);
      for await (const piece of this.service.generateStream(request)) yield generateJson(piece);
    }

    @servedBy(endpoint(), 'repository/index', [])
    async index(
      body: Uint8Array,
      @Req() given: object,
      @Res({ passthrough: true }) response: object,
    ): Promise<ResponsePayload> {
      const models = await this.service.repositoryIndex(readReadyOnly(body));
      return this.answers.json(given, response, models);
    }

    @servedBy(endpoint(), 'repository/models/:model/load', [])
    async load(
      body: Uint8Array,
      @Req() given: object,
      @Res({ passthrough: true }) response: object,
      @Param('model') name: string,
    ): Promise<ResponsePayload> {
      refuseOwnModel(body);
      await this.service.repositoryLoad(name);
      return this.answers.json(given, response, { name, load: true });
    }

    @servedBy(endpoint(), 'repository/models/:model/unload', [])
    async unload(
      _body: Uint8Array,
      @Req() given: object,
      @Res({ passthrough: true }) response: object,
      @Param('model') name: string,
    ): Promise<ResponsePayload> {
      await this.service.repositoryUnload(name);
      return this.answers.json(given, response, { name, unload: true });
    }

    /** An unknown model is reported before errors in the body. */
    #find(name: string, version: string): void {
      this.service.modelReady(name, version);
    }

    #request(
      body: Uint8Array,
      given: object,
      model: Pick<InferRequest, 'modelName' | 'modelVersion'>,
    ): InferRequest {
      const header = rawRequest(given).headers[HEADER_LENGTH] as string | undefined;
      const { modelName, modelVersion } = model;
      const raw = header !== undefined && /^\s*0+\s*$/.test(header);
      const request = raw
        ? readRawRequest(
            body,
            model,
            this.service.modelMetadata(modelName, modelVersion),
            this.service.modelConfig(modelName, modelVersion),
          )
        : readInferRequest(body, header, model);
      // KServe's client wants one in every answer.
      return { ...request, id: request.id || requestIdOf(given) || randomUUID() };
    }
  }
  return VtsOpenInferenceController;
}

/** Applies the request's own `timeout`, in microseconds as in Triton; 0 for none. */
function limitBy(timeout: unknown): void {
  if (timeout === undefined || timeout === 0) return;
  if (!Number.isSafeInteger(timeout) || (timeout as number) < 0) {
    throw new InferenceMessageError(
      'The parameter "timeout" is not a whole number from 0',
      'send microseconds',
    );
  }
  const call = requestScope.getStore() as EndpointCall;
  call.limitOwn((timeout as number) / MICROSECONDS);
  // Reading the body may already have taken that time.
  if (call.reason !== undefined) throw call.reason;
}
