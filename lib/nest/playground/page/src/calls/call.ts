import { authorization } from '../state/credentials.js';

/** The body of a call, in a form that can be sent and be written as code. */
export type Body =
  | { readonly type: 'text'; readonly text: string; readonly mediaType: string }
  | { readonly type: 'json'; readonly value: unknown }
  | {
      readonly type: 'file';
      readonly file: Blob;
      readonly name: string;
      readonly mediaType: string;
    }
  | { readonly type: 'parts'; readonly parts: readonly Part[] };

export interface Part {
  readonly name: string;
  readonly value: string | File;
}

export interface Call {
  readonly url: URL;
  readonly accept: string;
  readonly body: Body;
}

export interface Answer {
  readonly contentType: string;
  readonly blob: Blob;
}

/** An answer that says why there is no result, or a call that found nobody. */
export class CallError extends Error {
  constructor(
    message: string,
    /** 0 where no answer came. */
    readonly status: number,
  ) {
    super(message);
  }
}

/** A route of a card as a URL of the origin that the page came from. */
export function urlOf(route: string): URL {
  const url = new URL(route, document.baseURI);
  if (url.origin !== location.origin) {
    throw new CallError(`${url.href} is on another site. The page can only call its own site.`, 0);
  }
  return url;
}

export function headersOf(call: Call): Record<string, string> {
  const type = mediaTypeOf(call.body);
  return {
    accept: call.accept,
    ...(type === undefined ? {} : { 'content-type': type }),
    ...authorization(),
  };
}

/** Undefined for parts, whose boundary the browser writes. */
export function mediaTypeOf(body: Body): string | undefined {
  if (body.type === 'parts') return undefined;
  return body.type === 'json' ? 'application/json' : body.mediaType;
}

export function bytesOf(body: Body): string | Blob | FormData {
  switch (body.type) {
    case 'text':
      return body.text;
    case 'json':
      return JSON.stringify(body.value);
    case 'file':
      return body.file;
    case 'parts': {
      const form = new FormData();
      for (const { name, value } of body.parts) form.append(name, value);
      return form;
    }
  }
}

/** The sentence of an error response: Nest's shape, or whatever else came. */
export function errorOf(status: number, text: string): CallError {
  const sentence = messageOf(text) ?? `The server answered ${status}.`;
  return new CallError(sentence, status);
}

const LONGEST_MESSAGE = 2000;

function messageOf(text: string): string | undefined {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    const lines: unknown[] = Array.isArray(message) ? message : [message];
    const texts = lines.filter((line) => typeof line === 'string');
    return texts.length > 0 ? texts.join('\n').slice(0, LONGEST_MESSAGE) : undefined;
  } catch {
    return undefined;
  }
}
