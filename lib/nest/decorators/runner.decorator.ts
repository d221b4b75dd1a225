import { Inject } from '@nestjs/common';
import type { RunnerHandle } from '../../serving/runner/runner-types.js';
import type { Tag } from '../../serving/store/index.js';
import type { RunnableClass } from '../../serving/models/custom/definition.js';
import { getRunnerToken } from './get-runner-token.js';
import { addRunnableUse } from '../../serving/models/custom/runnable-classes.storage.js';
import { addRunnerTag, normalizeTag } from '../injection/runner-tags.storage.js';

/** A runner of any framework, as the decorator of the same name injects it. @publicApi */
export interface Runner extends RunnerHandle {}

/**
 * Injects the runner of a model in the store, or of a custom runnable, into a constructor parameter
 * or a property. The model is loaded in its workers before the application has started. If it is
 * missing or cannot be loaded, the start fails.
 *
 * @param tag `name`, which means the newest version, or `name:version`; or a class with
 * `@Runnable`, which must be in `runnables` of the module's options.
 * @throws InvalidTagError, InvalidRunnableError where the class is declared.
 *
 * @example
 * constructor(@Runner('fastai_sentiment:latest') private readonly runner: FastaiRunner<string>) {}
 *
 * @example
 * constructor(@Runner(Summarizer) private readonly summarizer: RunnerOf<Summarizer>) {}
 *
 * @publicApi
 */
export function Runner(tag: string | Tag | RunnableClass): PropertyDecorator & ParameterDecorator {
  const inject = Inject(getRunnerToken(tag));
  return (target: object, key: string | symbol | undefined, index?: number) => {
    // Decorators of constructor parameters get the class; those of properties get its prototype.
    const user = typeof target === 'function' ? target : target.constructor;
    if (typeof tag === 'function') addRunnableUse(user, tag);
    else addRunnerTag(user, normalizeTag(tag));
    inject(target, key as string, index as number);
  };
}
