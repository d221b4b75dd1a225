import { createHash, timingSafeEqual } from 'node:crypto';
import {
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import {
  pathOf,
  type HttpRequest,
  type HttpResponse,
  type Next,
} from '../../nest/http/platform.js';
import type { VtsGrpcCall } from '../../nest/open-inference/grpc/vts-grpc-call.js';

const NEEDS_KEY =
  'This service needs an API key; send it as "Authorization: Bearer KEY" or "x-api-key: KEY".';

/** The gRPC equivalents of the HTTP probes: they only show that the process is running. */
const OPEN_CALLS = new Set(['ServerLive', 'ServerReady']);

/**
 * Requires the key from every request and every gRPC call, as `Authorization: Bearer KEY` or
 * `x-api-key: KEY`.
 *
 * @param open Paths that anybody may `GET`.
 */
export function requireApiKey(app: INestApplication, key: string, open: ReadonlySet<string>): void {
  const wanted = digest(key);
  app.useGlobalGuards(new GrpcKeyGuard(wanted));
  app.use((request: HttpRequest, response: HttpResponse, next: Next) => {
    const { method, url = '' } = request;
    const reads = method === 'GET' || method === 'HEAD';
    if (reads && open.has(pathOf(url))) return next();
    // Digests have equal length, so timing does not reveal the length of the key.
    if (timingSafeEqual(digest(givenKey(request)), wanted)) return next();
    response.setHeader('www-authenticate', 'Bearer');
    next(new UnauthorizedException(NEEDS_KEY));
  });
}

/** Requests have shown the key when guards are asked; calls over gRPC come to guards alone. */
class GrpcKeyGuard implements CanActivate {
  constructor(private readonly wanted: Uint8Array) {}

  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'rpc') return true;
    const call = context.switchToRpc().getData<VtsGrpcCall>();
    if (OPEN_CALLS.has(call.method)) return true;
    if (timingSafeEqual(digest(givenKey(call)), this.wanted)) return true;
    throw new UnauthorizedException(NEEDS_KEY);
  }
}

function givenKey({ headers }: Pick<HttpRequest, 'headers'>): string {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  const own = headers['x-api-key'];
  return bearer ?? (typeof own === 'string' ? own : '');
}

function digest(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}
