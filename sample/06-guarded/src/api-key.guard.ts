import {
  ForbiddenException,
  Inject,
  Injectable,
  SetMetadata,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import type { Request } from 'express';
import { ApiKeys, type Client } from './api-keys.js';

/** The data that the guard adds to the request. */
export interface KeyedRequest extends Request {
  apiClient?: Client;
}

const BATCH = 'batch';

/** Only for clients that may send many texts at once. */
export const ForBatch = (): MethodDecorator => SetMetadata(BATCH, true);

/**
 * Accepts requests with a known `X-Api-Key`. Others get a 401, or a 403 if the key lacks the
 * permission.
 */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(@Inject(ApiKeys) private readonly keys: ApiKeys) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<KeyedRequest>();
    const client = this.keys.find(String(request.headers['x-api-key'] ?? ''));
    if (client === undefined) {
      throw new UnauthorizedException('The API key is missing or unknown; send it as X-Api-Key.');
    }
    if (Reflect.getMetadata(BATCH, context.getHandler()) === true && !client.batch) {
      throw new ForbiddenException(
        `The key of ${client.name} is for single texts; ask for another.`,
      );
    }
    request.apiClient = client;
    return true;
  }
}
