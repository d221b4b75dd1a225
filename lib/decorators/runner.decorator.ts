import { Inject } from '@nestjs/common';
import type { RunnerHandle } from '../interfaces/runner.interface.js';
import type { Tag } from '../store/index.js';
import { getRunnerToken } from './get-runner-token.js';
import { addRunnerTag, normalizeTag } from './runner-tags.storage.js';

/** A runner of any framework, as the decorator of the same name injects it. @publicApi */
export interface Runner extends RunnerHandle {}

/**
 * Injects the runner of a model of the store, into a constructor or a property. The model is loaded, in its worker
 * threads, before the application has started; a model that is missing or cannot be loaded fails the start.
 *
 * @param tag `name`, which means the newest version, or `name:version`.
 * @throws InvalidTagError where the class is declared.
 *
 * @example
 * constructor(@Runner('fastai_sentiment:latest') private readonly runner: FastaiRunner<string>) {}
 *
 * @publicApi
 */
export function Runner(tag: string | Tag): PropertyDecorator & ParameterDecorator {
  const normalized = normalizeTag(tag);
  const inject = Inject(getRunnerToken(tag));
  return (target: object, key: string | symbol | undefined, index?: number) => {
    // A constructor's parameter comes with the class, a property with its prototype.
    addRunnerTag(typeof target === 'function' ? target : target.constructor, normalized);
    inject(target, key as string, index as number);
  };
}
