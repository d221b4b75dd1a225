import { InvalidRunnableError } from '../../serving/models/errors.js';
import {
  runnableDefinitionOf,
  type RunnableClass,
} from '../../serving/models/custom/definition.js';

export function runnerToken(normalizedTag: string): string {
  return `VtsRunner(${normalizedTag})`;
}

/** The tag of a runner's token; undefined for other tokens. */
export function tagOfToken(token: unknown): string | undefined {
  return typeof token === 'string' ? /^VtsRunner\((.*)\)$/.exec(token)?.[1] : undefined;
}

/** @throws InvalidRunnableError */
export function checkRunnable(target: RunnableClass): void {
  if (runnableDefinitionOf(target) !== undefined) return;
  throw new InvalidRunnableError(
    target.name,
    'it is not decorated as a runnable',
    'put @Runnable() on the class, and @RunnableMethod() on its methods',
  );
}
