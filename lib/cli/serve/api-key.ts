import { createHash, timingSafeEqual } from 'node:crypto';
import { UnauthorizedException, type INestApplication } from '@nestjs/common';
import {
  pathOf,
  type HttpRequest,
  type HttpResponse,
  type Next,
} from '../../nest/http/platform.js';

/**
 * Has every request show the key, as `Authorization: Bearer KEY` or `x-api-key: KEY`.
 *
 * @param open Paths that anybody may `GET`.
 */
export function requireApiKey(app: INestApplication, key: string, open: ReadonlySet<string>): void {
  const wanted = digest(key);
  app.use((request: HttpRequest, response: HttpResponse, next: Next) => {
    const { method, url = '' } = request;
    const reads = method === 'GET' || method === 'HEAD';
    if (reads && open.has(pathOf(url))) return next();
    // Digests are of one length, so that time tells nothing of the key's either.
    if (timingSafeEqual(digest(givenKey(request)), wanted)) return next();
    response.setHeader('www-authenticate', 'Bearer');
    next(
      new UnauthorizedException(
        'This service needs an API key; send it as "Authorization: Bearer KEY" or "x-api-key: KEY".',
      ),
    );
  });
}

function givenKey({ headers }: HttpRequest): string {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  const own = headers['x-api-key'];
  return bearer ?? (typeof own === 'string' ? own : '');
}

function digest(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}
