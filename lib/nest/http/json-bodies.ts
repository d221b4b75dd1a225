import { BadRequestException } from '@nestjs/common';
import { parseContentType } from '../io/request-body.js';
import { SlowBodyError } from './errors/index.js';
import type { HttpRequest } from './http.js';
import { readStream } from './read-body.js';
import { RouteTable, type RoutedAdapter } from './route-table.js';

/**
 * The body of a request that was read before the application's body parsers could, or why it could
 * not be.
 */
export type EarlyBody = { readonly bytes: Uint8Array } | { readonly error: Error };

const bodies = new WeakMap<HttpRequest, EarlyBody>();

export function earlyBodyOf(request: HttpRequest): EarlyBody | undefined {
  return bodies.get(request);
}

/**
 * Reads JSON bodies of endpoints ahead of Nest's own parser, which takes no more than 100 kB,
 * refuses bare values, loses the digits of large integers, and answers in its own way where another
 * media type is wanted.
 *
 * Another handler at the very same path (of another version, or for another host) still gets its
 * `request.body`, parsed when it is asked for.
 *
 * @returns Undefined where the request is for no endpoint, or has no JSON.
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

/**
 * Gives requests a `body` that is parsed from what was read ahead, when somebody asks for it.
 *
 * @param prototype Of the requests: an accessor of its own would give each of them another shape,
 * which is slow.
 */
export function parseBodiesLate(prototype: object): void {
  Object.defineProperty(prototype, 'body', {
    configurable: true,
    enumerable: true,
    get(this: HttpRequest): unknown {
      const early = bodies.get(this);
      if (early === undefined || 'error' in early) return undefined;
      try {
        const text = new TextDecoder().decode(early.bytes);
        return (this.body = early.bytes.length === 0 ? {} : (JSON.parse(text) as unknown));
      } catch (error) {
        throw new BadRequestException((error as Error).message);
      }
    },
    set(this: HttpRequest, value: unknown) {
      Object.defineProperty(this, 'body', {
        value,
        writable: true,
        configurable: true,
        enumerable: true,
      });
    },
  });
}
