import type { Tag } from '../store/index.js';
import { normalizeTag, RunnerTagsStorage } from './runner-tags.storage.js';

/**
 * The injection token of a runner: for factories, `moduleRef.get`, and test doubles.
 *
 * @example
 * Test.createTestingModule({ imports: [AppModule] })
 *   .overrideProvider(getRunnerToken('iris'))
 *   .useValue({ predict: { run: async () => ['setosa', target, probs] } });
 *
 * @throws InvalidTagError
 * @publicApi
 */
export function getRunnerToken(tag: string | Tag): string {
  const normalized = normalizeTag(tag);
  RunnerTagsStorage.add(normalized);
  return runnerToken(normalized);
}

/** @internal */
export function runnerToken(normalizedTag: string): string {
  return `VtsRunner(${normalizedTag})`;
}

/** The tag of a runner's token; undefined for other tokens. @internal */
export function tagOfToken(token: unknown): string | undefined {
  return typeof token === 'string' ? /^VtsRunner\((.*)\)$/.exec(token)?.[1] : undefined;
}
