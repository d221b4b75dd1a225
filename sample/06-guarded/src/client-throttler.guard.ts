import { Injectable } from '@nestjs/common';
import { ThrottlerGuard } from '@nestjs/throttler';
import type { KeyedRequest } from './api-key.guard.js';

/** Counts the requests of a client, wherever they come from. */
@Injectable()
export class ClientThrottlerGuard extends ThrottlerGuard {
  protected override async getTracker(request: KeyedRequest): Promise<string> {
    return request.apiClient?.name ?? request.ip ?? 'unknown';
  }
}
