import { BadRequestException } from '@nestjs/common';
import { parseContentType } from '../io/request-body.js';
import { SlowBodyError } from './errors/index.js';
import type { HttpRequest } from './http.js';
import { readStream } from './read-body.js';
import { RouteTable, type RoutedAdapter } from './route-table.js';

/** The body of a request that was read before the application's body parsers could, or why it could not be. @internal */
export type EarlyBody = { readonly bytes: Uint8Array } | { readonly error: Error };

const bodies = new WeakMap<HttpRequest, EarlyBody>();

/** @internal */
export function earlyBodyOf(request: HttpRequest): EarlyBody | undefined {
  return bodies.get(request);
}

/**
 * Reads JSON bodies of endpoints ahead of Nest's own parser, which takes no more than 100 kB, refuses bare values,
 * loses the digits of large integers, and answers in its own way where another media type is wanted.
 *
 * Another handler at the very same path (of another version, or for another host) still gets its `request.body`,
 * parsed when it is asked for.
 *
 * @returns Undefined where the request is for no endpoint, or has no JSON.
 * @internal
 */
export function readJsonEarly(
  request: HttpRequest,
  adapter: RoutedAdapter,
  fallbackLimit: number,
  timeoutMs: number,
): Promise<void> | undefined {
  if (request.method !== 'POST' || !isJson(request.headers['content-type'])) return undefined;
  if (request.readableEnded) return undefined;
  const path = (request.url ?? '').split(/[?#]/, 1)[0] as string;
  const endpoint = RouteTable.of(adapter).endpointAt(path);
  return (
    endpoint &&
    read(request, endpoint.input.maxBytes ?? fallbackLimit, endpoint.timeoutMs ?? timeoutMs)
  );
}

function isJson(header: string | undefined): boolean {
  const { mediaType } = parseContentType(header);
  return mediaType !== undefined && /[/+]json$/.test(mediaType);
}

async function read(request: HttpRequest, maxBytes: number, timeoutMs: number): Promise<void> {
  try {
    const bytes = await inTime(readStream(request, maxBytes), timeoutMs);
    bodies.set(request, { bytes });
    parseLate(request, bytes);
  } catch (error) {
    bodies.set(request, { error: error as Error });
    // The rest of the stream is being discarded: without a type no parser touches it.
    delete request.headers['content-type'];
  }
}

/** The endpoint's own clock starts when its handler is found, which is after the body. */
async function inTime<T>(reading: Promise<T>, timeoutMs: number): Promise<T> {
  if (timeoutMs === 0) return reading;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SlowBodyError(timeoutMs)), timeoutMs);
  });
  try {
    return await Promise.race([reading, late]);
  } finally {
    clearTimeout(timer);
    // What the body's stream does afterwards concerns nobody.
    reading.catch(() => undefined);
  }
}

function parseLate(request: HttpRequest, bytes: Uint8Array): void {
  const define = (value: unknown): void => {
    Object.defineProperty(request, 'body', {
      value,
      writable: true,
      configurable: true,
      enumerable: true,
    });
  };
  Object.defineProperty(request, 'body', {
    configurable: true,
    enumerable: true,
    set: define,
    get: () => {
      let value: unknown;
      try {
        value = bytes.length === 0 ? {} : JSON.parse(new TextDecoder().decode(bytes));
      } catch (error) {
        throw new BadRequestException((error as Error).message);
      }
      define(value);
      return value;
    },
  });
}
