import { refused } from '../check-request.js';
import { shortened } from '../../learner/errors/index.js';
import type { InferRequest } from '../protocol/messages.js';
import { HEADER_LENGTH, inferRequestBody } from '../protocol/rest-messages.js';
import { joined } from './body.js';
import { brokenAnswer } from './failures.js';
import type { HttpResponse } from './http.js';
import { jsonCarries } from './json-carries.js';

/** A request as it is sent. */
export interface InferMessage {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether it asks for raw bytes. */
  readonly asked: boolean;
}

/**
 * Whether tensors travel as raw bytes. Not every server that reads them says so, and one that does
 * not fails: the first request is JSON that asks for raw bytes, which servers without them answer in
 * JSON, and its answer shows what the next are to be.
 */
export class BinaryChoice {
  #speaks: boolean | undefined;

  constructor(
    base: string,
    private readonly chosen: boolean | undefined,
  ) {
    this.#speaks = chosen ?? (isOfOtherOrigin(base) ? false : undefined);
  }

  /** @throws InferenceMessageError, InferenceError for what cannot be sent as chosen */
  message(request: InferRequest): InferMessage {
    const inexact =
      this.#speaks === true ? undefined : request.inputs.find((tensor) => !jsonCarries(tensor));
    if (inexact && this.chosen === false) {
      throw refused(
        `The tensor "${shortened(inexact.name)}" has elements that JSON does not carry exactly; leave out the client's binary: false.`,
      );
    }
    const raw = this.#speaks === true || inexact !== undefined;
    const asked = raw || this.#speaks === undefined;
    const parameters = asked ? { ...request.parameters, binary_data_output: true } : undefined;
    const { chunks, headerLength } = inferRequestBody(
      { ...request, ...(parameters && { parameters }) },
      raw,
    );
    return {
      body: joined(chunks),
      headers:
        headerLength === undefined
          ? { 'content-type': 'application/json' }
          : {
              'content-type': 'application/octet-stream',
              [HEADER_LENGTH]: String(headerLength),
            },
      asked,
    };
  }

  /** The length of JSON in an answer, '' where it is all JSON. */
  headerOf(what: string, response: HttpResponse, asked: boolean): string {
    const length = response.header(HEADER_LENGTH);
    if (length === '' && response.header('content-type').includes('octet-stream')) {
      throw brokenAnswer(
        what,
        `it has raw bytes without the header ${HEADER_LENGTH}; in a page, have the server name it in Access-Control-Expose-Headers, or give the client binary: false.`,
      );
    }
    if (asked) this.#speaks ??= length !== '';
    return length;
  }
}

function isOfOtherOrigin(url: string): boolean {
  const { location } = globalThis as { readonly location?: { readonly origin?: string } };
  return location?.origin !== undefined && location.origin !== new URL(url).origin;
}
