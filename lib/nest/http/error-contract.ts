import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import { VTS_MODULE_OPTIONS } from '../vts.constants.js';
import { hostOptions } from '../host-options.js';
import type { VtsModuleOptions } from '../vts-module-options.interface.js';
import { DefaultExceptionFilter } from './default-exception.filter.js';
import { PlatformHost } from './platform-host.js';
import { answerRawErrors } from './raw-errors.js';

/**
 * With `errors: 'application'`, gives every error response of the application the same shape: those
 * of other routes, of unknown paths, and of malformed HTTP.
 */
@Injectable()
export class ErrorContract implements OnModuleInit {
  /** Whether it answers the errors of all routes, and therefore must see their requests. */
  readonly every: boolean;
  readonly filter: DefaultExceptionFilter;

  constructor(
    @Inject(VTS_MODULE_OPTIONS) options: VtsModuleOptions,
    @Inject(PlatformHost) private readonly platforms: PlatformHost,
    @Inject(ApplicationConfig) config: ApplicationConfig,
  ) {
    this.every = hostOptions(options).errors;
    this.filter = new DefaultExceptionFilter(platforms);
    // The last matching filter gets an error, so the first one handles what no other does.
    if (this.every) config.getGlobalFilters().unshift(this.filter);
  }

  onModuleInit(): void {
    const platform = this.platforms.current;
    const server = platform?.server;
    if (!this.every || platform === undefined || !server?.on) return;
    answerRawErrors(server);
    platform.answerRest((error, request, response) => this.filter.answer(error, request, response));
    // Its own answer to a request without a Host header has no body.
    (server as { requireHostHeader?: boolean }).requireHostHeader = false;
  }
}
