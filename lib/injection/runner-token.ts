import { InvalidRunnableError } from '../runner/errors/index.js';
import { runnableDefinitionOf, type RunnableClass } from '../runner/runnable-definition.js';

/** @internal */
export function runnerToken(normalizedTag: string): string {
  return `VtsRunner(${normalizedTag})`;
}

/** The tag of a runner's token; undefined for other tokens. @internal */
export function tagOfToken(token: unknown): string | undefined {
  return typeof token === 'string' ? /^VtsRunner\((.*)\)$/.exec(token)?.[1] : undefined;
}

/** @throws InvalidRunnableError @internal */
export function checkRunnable(target: RunnableClass): void {
  if (runnableDefinitionOf(target) !== undefined) return;
  throw new InvalidRunnableError(
    target.name,
    'it is not decorated as one',
    'put @Runnable() on the class, and @RunnableMethod() on its methods',
  );
}
