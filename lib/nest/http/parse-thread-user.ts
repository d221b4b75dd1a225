import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { parseThread } from '../io/parsing/parse-thread.js';

/** Keeps the thread that parses large bodies for as long as an application runs. */
@Injectable()
export class ParseThreadUser implements OnModuleInit, OnApplicationShutdown {
  #leave: (() => Promise<void>) | undefined;

  onModuleInit(): void {
    this.#leave = parseThread.use();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#leave?.();
  }
}
