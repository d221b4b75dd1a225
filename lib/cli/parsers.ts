import { InvalidArgumentError } from 'commander';
import type { ActivationName } from '../learner/fastai/contract.js';

/**
 * A count.
 *
 * @throws InvalidArgumentError, as all in this file: Commander says which option it is.
 */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError(`"${text}" is not a whole number.`);
  }
  return value;
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError(`"${text}" is not a number above 0.`);
  }
  return value;
}

export function probability(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1)) {
    throw new InvalidArgumentError(`"${text}" is not a probability from 0 to 1.`);
  }
  return value;
}

export function nonEmpty(text: string): string {
  if (text === '') throw new InvalidArgumentError('The value is empty.');
  return text;
}

export function portNumber(text: string): number {
  const port = wholeNumber(text);
  if (port > 65_535) throw new InvalidArgumentError(`"${text}" is not a port.`);
  return port;
}

export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

export function countFrom1(text: string): number {
  const value = wholeNumber(text);
  if (value === 0) throw new InvalidArgumentError('The value is 0.');
  return value;
}

/** Names separated by commas. */
export function names(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** The same, restricted to known names. */
export function namesOf<const Name extends string>(
  known: readonly Name[],
): (text: string) => Name[] {
  return (text) =>
    names(text).map((name) => {
      if ((known as readonly string[]).includes(name)) return name as Name;
      throw new InvalidArgumentError(`"${name}" is not one of ${known.join(', ')}.`);
    });
}

const activationNames = namesOf(['none', 'softmax', 'sigmoid']);

/** One activation, or one for each of several results. */
export function activations(text: string): ActivationName | ActivationName[] {
  const [first, ...others] = activationNames(nonEmpty(text));
  if (first === undefined) throw new InvalidArgumentError('The value names no activation.');
  return others.length === 0 ? first : [first, ...others];
}
