import type { INestApplication } from '@nestjs/common';

/** An HTTP response, read. */
export interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
  readonly headers: Headers;
  /** The body as JSON; undefined where it is none. */
  readonly json: unknown;
}

/** Sends requests to an application; a content type is sent only where it is given. */
export class HttpClient {
  constructor(private readonly url: string) {}

  static async of(app: INestApplication): Promise<HttpClient> {
    return new HttpClient((await app.getUrl()).replace(/\[::1\]|127\.0\.0\.1/, 'localhost'));
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#send(path, { method: 'GET', headers });
  }

  /** Any method; a body is sent only where it is not empty. */
  send(
    method: string,
    path: string,
    type?: string,
    body = '',
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    return this.#send(path, {
      method,
      ...(body === '' ? {} : { body }),
      headers: type === undefined ? headers : { ...headers, 'content-type': type },
    });
  }

  post(
    path: string,
    type: string | undefined,
    body: string | Uint8Array,
    headers: Record<string, string> = {},
    signal?: AbortSignal,
  ): Promise<Answer> {
    return this.#send(path, {
      method: 'POST',
      ...(signal === undefined ? {} : { signal }),
      body: Buffer.from(body as string),
      headers: type === undefined ? headers : { ...headers, 'content-type': type },
    });
  }

  text(
    path: string,
    body: string | Uint8Array,
    headers?: Record<string, string>,
    signal?: AbortSignal,
  ): Promise<Answer> {
    return this.post(path, 'text/plain', body, headers, signal);
  }

  json(path: string, body: string | Uint8Array, headers?: Record<string, string>): Promise<Answer> {
    return this.post(path, 'application/json', body, headers);
  }

  async #send(path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, init);
    const text = await response.text();
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    const { status, headers } = response;
    return { status, type: headers.get('content-type'), text, headers, json };
  }
}
