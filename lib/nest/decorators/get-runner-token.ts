import type { RunnableClass } from '../../serving/models/custom/definition.js';
import type { Tag } from '../../serving/store/index.js';
import { RunnableClassesStorage } from '../../serving/models/custom/runnable-classes.storage.js';
import { checkRunnable, runnerToken } from '../injection/runner-token.js';
import { normalizeTag, RunnerTagsStorage } from '../injection/runner-tags.storage.js';

/**
 * The injection token of the runner of a model or of a runnable class, for factories,
 * `moduleRef.get` and test doubles.
 *
 * @example
 * Test.createTestingModule({ imports: [AppModule] })
 *   .overrideProvider(getRunnerToken('iris'))
 *   .useValue({ predict: { run: async () => ['setosa', target, probs] } });
 *
 * @throws InvalidTagError, InvalidRunnableError
 * @publicApi
 */
export function getRunnerToken(tag: string | Tag): string;
export function getRunnerToken(runnable: RunnableClass): symbol;
export function getRunnerToken(tag: string | Tag | RunnableClass): string | symbol;
export function getRunnerToken(tag: string | Tag | RunnableClass): string | symbol {
  if (typeof tag === 'function') {
    checkRunnable(tag);
    return RunnableClassesStorage.tokenOf(tag);
  }
  const normalized = normalizeTag(tag);
  RunnerTagsStorage.add(normalized);
  return runnerToken(normalized);
}
