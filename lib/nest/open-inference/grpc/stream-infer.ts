import type { handleBidiStreamingCall, ServerDuplexStream } from '@grpc/grpc-js';
import { readInferRequest, streamResponseBytes } from '../../../client/grpc/messages.js';
import type { GenerateRequest, GenerateResponse } from '../../../client/contract.js';
import { bytesOfText, isNumeric } from '../../../client/protocol/binary.js';
import { InferenceMessageError } from '../../../client/protocol/errors.js';
import type { InferRequest, InferResponse } from '../../../client/protocol/messages.js';
import type { InferenceService } from '../../../serving/open-inference/contract.js';
import type { GrpcCall } from './grpc-call.js';
import { runFor, type CallContext } from './handlers.js';
import { LimitedScope } from './limited-scope.js';
import { textOf } from './metadata.js';
import { limitByParameter } from './timeout-parameter.js';

type Stream = ServerDuplexStream<Buffer, Buffer>;

export interface StreamInferOptions extends CallContext {
  readonly service: InferenceService;
  readonly timeoutMs: number;
}

/** How many requests of one stream run at a time. Further ones are not read before one ends. */
const MOST_IN_FLIGHT = 16;

/** Parameters and metadata, with Triton's names. */
const FINAL = 'triton_final_response';
const WANTS_EMPTY_FINAL = 'triton_enable_empty_final_response';
const FAILS_AS_A_WHOLE = 'triton_grpc_error';

/** Input and output of a language model. */
const TEXT_IN = 'text_input';
const TEXT_OUT = 'text_output';

/**
 * `ModelStreamInfer`: requests of a stream run concurrently, and answers have the order of
 * requests. A model that answers a request several times sends each answer at once. A request that
 * fails is answered with its error, and the stream continues.
 */
export function streamInfer(options: StreamInferOptions): handleBidiStreamingCall<Buffer, Buffer> {
  return (stream) => {
    const call = options.calls.of(stream.metadata);
    call.handled = true;
    new InferStream(options, call, stream).start();
  };
}

class InferStream {
  readonly #waiting: (() => void)[] = [];
  /** Settles when the answers to all requests so far have been sent. */
  #answered: Promise<unknown> = Promise.resolve();
  #generated = new Set<Promise<void>>();
  #ended = false;

  constructor(
    private readonly options: StreamInferOptions,
    private readonly call: GrpcCall,
    private readonly stream: Stream,
  ) {}

  start(): void {
    const { call, stream, options } = this;
    call.room = () => this.#room();
    call.onEnd((reason) => this.#fail(reason));
    stream.on('data', (bytes: Buffer) => this.#take(bytes));
    stream.once('end', () => void this.#finish());
    stream.sendMetadata(options.calls.head(call));
    if (call.reason !== undefined) this.#fail(call.reason);
    else options.calls.rested(call);
  }

  /** Counts a message that is about to come. */
  #room(): Promise<void> | undefined {
    const { call } = this;
    if (call.inFlight < MOST_IN_FLIGHT) {
      call.inFlight++;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next !== undefined) return next();
    this.call.inFlight--;
    this.options.calls.rested(this.call);
  }

  #take(bytes: Buffer): void {
    const { call, options } = this;
    const scope = new LimitedScope();
    const { traceContext, traceparent, requestId, deadlineAt = Infinity } = call;
    Object.assign(scope, { traceContext, traceparent, requestId });
    scope.isOver(deadlineAt);
    scope.limit(options.timeoutMs);
    const end = (reason: Error): void => scope.end(reason);
    call.onEnd(end);
    const within = <T>(work: () => Promise<T>): Promise<T> =>
      scope.until(() => runFor(options, call, work, scope));
    let request: InferRequest | undefined;
    const done = (): void => {
      scope.stopLimit();
      call.offEnd(end);
      this.#leave();
    };
    const failed = (error: unknown): Promise<void> => this.#answerFailure(error, request);
    try {
      request = readInferRequest(bytes);
      limitByParameter(scope, request);
      const answers = this.#severalAnswers(request);
      if (answers !== undefined) {
        const generated = this.#sendAll(answers, request, scope).catch(failed).finally(done);
        this.#generated.add(generated);
        void generated.finally(() => this.#generated.delete(generated));
        return;
      }
    } catch (error) {
      this.#inTurn(Promise.reject(error as Error), failed, done);
      return;
    }
    const known = request;
    const answer = within(() => options.service.infer(known)).then((response) =>
      streamResponseBytes({ response: withFinal(response, true) }, known),
    );
    this.#inTurn(answer, failed, done);
  }

  #inTurn(
    answer: Promise<Buffer>,
    failed: (error: unknown) => Promise<void>,
    done: () => void,
  ): void {
    // Its turn may come much later.
    answer.catch(() => undefined);
    const before = this.#answered;
    this.#answered = before
      .then(async () => this.#write(await answer))
      .catch(failed)
      .finally(done);
  }

  /** A text for a language model. Several texts at once get one answer, as in `ModelInfer`. */
  #continuesText({ modelName, modelVersion, inputs }: InferRequest): boolean {
    const [input] = inputs;
    if (input?.name !== TEXT_IN || input.data.length !== 1) return false;
    const { outputs } = this.options.service.modelMetadata(modelName, modelVersion);
    return outputs.some(({ name }) => name === TEXT_OUT);
  }

  /** The answers of a model that answers several times; undefined for one that answers once. */
  #severalAnswers(request: InferRequest): AsyncIterable<InferResponse> | undefined {
    const { service } = this.options;
    if (!this.#continuesText(request)) return service.inferStream(request);
    return asTensors(service.generateStream(generationOf(request)));
  }

  async #sendAll(
    answers: AsyncIterable<InferResponse>,
    request: InferRequest,
    scope: LimitedScope,
  ): Promise<void> {
    const { options, call } = this;
    const values = answers[Symbol.asyncIterator]();
    const next = (): Promise<IteratorResult<InferResponse>> =>
      scope.until(() => runFor(options, call, () => values.next(), scope));
    let { modelVersion } = request;
    try {
      for (let value = await next(); !value.done; value = await next()) {
        ({ modelVersion } = value.value);
        const { outputs } = value.value;
        await this.#send({ ...headOf(request), modelVersion, outputs }, false, request);
      }
    } finally {
      void values.return?.()?.catch(() => undefined);
    }
    if (request.parameters?.[WANTS_EMPTY_FINAL] === true) {
      await this.#send({ ...headOf(request), modelVersion, outputs: [] }, true, request);
    }
  }

  #send(response: InferResponse, final: boolean, request: InferRequest): Promise<void> {
    return this.#write(streamResponseBytes({ response: withFinal(response, final) }, request));
  }

  async #answerFailure(error: unknown, request: InferRequest | undefined): Promise<void> {
    const { calls } = this.options;
    if (this.#ended) return;
    if (textOf(this.call.metadata, FAILS_AS_A_WHOLE) === 'true') return this.#fail(error);
    const { details } = calls.endOf(this.call, error);
    await this.#write(streamResponseBytes({ error: details, ...(request && { of: request }) }));
  }

  /** Resolves when there is room for more. */
  async #write(bytes: Buffer): Promise<void> {
    const { stream } = this;
    if (this.#ended || stream.destroyed || stream.write(bytes)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        stream.off('drain', done).off('close', done);
        resolve();
      };
      stream.on('drain', done).on('close', done);
    });
  }

  async #finish(): Promise<void> {
    await Promise.all([this.#answered, ...this.#generated]);
    if (this.#ended) return;
    this.#ended = true;
    this.stream.end();
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.stream.emit('error', this.options.calls.endOf(this.call, error));
  }
}

function withFinal(response: InferResponse, final: boolean): InferResponse {
  return { ...response, parameters: { ...response.parameters, [FINAL]: final } };
}

async function* asTensors(
  pieces: AsyncIterable<GenerateResponse>,
): AsyncGenerator<InferResponse, void, undefined> {
  for await (const { text, ...answer } of pieces) {
    const output = { name: TEXT_OUT, datatype: 'BYTES', shape: [1], data: [text] } as const;
    yield { ...answer, outputs: [output] };
  }
}

function headOf({ modelName, id }: InferRequest): Pick<InferResponse, 'modelName' | 'id'> {
  return { modelName, ...(id !== undefined && { id }) };
}

/** @throws InferenceMessageError */
function generationOf(request: InferRequest): GenerateRequest {
  const { modelName, modelVersion, id, parameters = {}, inputs } = request;
  const [input] = inputs;
  const data = input?.data;
  const text = data === undefined || isNumeric(data) || data.length !== 1 ? undefined : data[0];
  if (inputs.length !== 1 || input?.name !== TEXT_IN || text === undefined) {
    throw new InferenceMessageError(
      'A language model continues one text at a time',
      `send the input "${TEXT_IN}" of BYTES with one element, and everything else as parameters`,
    );
  }
  const { timeout: _timeout, [WANTS_EMPTY_FINAL]: _wants, ...own } = parameters;
  return {
    modelName,
    modelVersion,
    ...(id !== undefined && { id }),
    text: Buffer.from(bytesOfText(text)).toString(),
    parameters: own,
  };
}
