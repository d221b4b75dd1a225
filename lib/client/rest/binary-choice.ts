import { refused } from '../check-request.js';
import { shortened } from '../../learner/errors/index.js';
import type { InferRequest } from '../protocol/messages.js';
import { HEADER_LENGTH, inferRequestBody } from '../protocol/rest-messages.js';
import { joined } from './body.js';
import { brokenAnswer } from './failures.js';
import type { HttpResponse } from './http.js';
import { jsonCarries } from './json-carries.js';

/** A request on the wire. */
export interface InferMessage {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether it asks for raw bytes. */
  readonly asked: boolean;
}

/**
 * Decides whether tensors are sent as raw bytes. Some servers read raw bytes without announcing
 * them, and others fail on them. So the first request is JSON that asks for raw bytes in the
 * answer. Servers that do not support them answer in JSON. The form of the answer decides the form
 * of later requests.
 */
export class BinaryChoice {
  #speaks: boolean | undefined;

  constructor(
    base: string,
    private readonly chosen: boolean | undefined,
  ) {
    this.#speaks = chosen ?? (isOfOtherOrigin(base) ? false : undefined);
  }

  /** @throws InferenceMessageError, InferenceError for values that the chosen form cannot carry */
  message(request: InferRequest): InferMessage {
    const inexact =
      this.#speaks === true ? undefined : request.inputs.find((tensor) => !jsonCarries(tensor));
    if (inexact && this.chosen === false) {
      throw refused(
        `The tensor "${shortened(inexact.name)}" has elements that JSON cannot carry exactly; remove binary: false from the client's options.`,
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

  /** The length of JSON in an answer, '' if it is only JSON. */
  headerOf(what: string, response: HttpResponse, asked: boolean): string {
    const length = response.header(HEADER_LENGTH);
    if (length === '' && response.header('content-type').includes('octet-stream')) {
      throw brokenAnswer(
        what,
        `it has raw bytes without the header ${HEADER_LENGTH}; in a page, make the server list that header in Access-Control-Expose-Headers, or set binary: false on the client.`,
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
