import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost, type AbstractHttpAdapter } from '@nestjs/core';
import { UnsupportedAdapterError } from './errors.js';
import { ExpressPlatform } from './express/express-platform.js';
import { FastifyPlatform } from './fastify/fastify-platform.js';
import type { HttpPlatform } from './platform.js';

const PLATFORMS = { express: ExpressPlatform, fastify: FastifyPlatform };

/** The application's HTTP framework, if it has one. */
@Injectable()
export class PlatformHost {
  #platform: HttpPlatform | undefined;

  constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

  /** Undefined in applications without HTTP, and for unknown frameworks. */
  get current(): HttpPlatform | undefined {
    if (this.#platform !== undefined) return this.#platform;
    const { httpAdapter } = this.host;
    const Platform = PLATFORMS[httpAdapter?.getType() as keyof typeof PLATFORMS];
    return Platform && (this.#platform = new Platform(httpAdapter));
  }

  get adapter(): AbstractHttpAdapter {
    return this.host.httpAdapter;
  }

  /** @throws UnsupportedAdapterError */
  demand(): HttpPlatform {
    const { current } = this;
    if (current !== undefined) return current;
    throw new UnsupportedAdapterError(this.host.httpAdapter?.constructor.name ?? 'none');
  }
}
