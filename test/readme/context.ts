/** What blocks of the README use that their chapters speak of, and other blocks or files declare. */
import type { INestApplication } from '@nestjs/common';
import type { InferenceClient } from 'nestjs-vts/client';

export { default as helmet } from 'helmet';
export { join } from 'node:path';
export { AppModule } from './app.module.js';
export { StoryDto } from '../../sample/09-jobs/src/story.dto.js';
export { ApiKeyGuard } from '../../sample/06-guarded/src/api-key.guard.js';
export { ClientThrottlerGuard } from '../../sample/06-guarded/src/client-throttler.guard.js';

export declare const app: INestApplication;
export declare const bytes: Uint8Array;
export declare const client: InferenceClient;
export declare const rows: Person[];

export interface Person {
  age: number | null;
  hours: number;
  workclass: string | null;
}

/** As the block before declares it. */
export declare class Scorer {
  score(texts: string[]): Promise<number[]>;
  words(text: string): AsyncGenerator<string>;
}

/** Of @nestjs/config, or one like it. */
export declare class ConfigService {
  get(name: string): number;
}
