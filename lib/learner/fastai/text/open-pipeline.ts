import type { LearnerOptions } from '../contract.js';
import {
  UnknownTextRuleError,
  UnsupportedLearnerError,
  UnsupportedTokenizerError,
} from '../errors.js';
import type { LearnerFile } from '../learner-file.js';
import type { TextCode } from './text-code.js';
import { TextPipeline } from './text-pipeline.js';

/** What is refused by name without the code that the file, or the user's source, has for it. */
const UNKNOWN = [UnknownTextRuleError, UnsupportedTokenizerError, UnsupportedLearnerError];

const isUnknown = (error: unknown): boolean => UNKNOWN.some((one) => error instanceof one);

/** @throws UnsupportedLearnerError where only the name of a transform of the text is known. */
export async function openTextPipeline(
  file: LearnerFile,
  options: LearnerOptions,
): Promise<TextPipeline> {
  try {
    return TextPipeline.read(file, options);
  } catch (error) {
    if (!isUnknown(error)) throw error;
  }
  return TextPipeline.read(file, options, await load(options));
}

/** The code that the texts of a file need; undefined where they need none. */
export async function textCodeOf(
  file: LearnerFile,
  options: LearnerOptions,
): Promise<TextCode | undefined> {
  try {
    TextPipeline.read(file, options);
  } catch (error) {
    if (isUnknown(error)) return load(options);
  }
  return undefined;
}

async function load(options: LearnerOptions): Promise<TextCode> {
  // Most learners have no code of their own, so that what follows it is loaded when one has.
  const { openTextCode } = await import('./own-code.js');
  return openTextCode(options);
}
