import type { LearnerOptions } from '../contract.js';
import {
  UnknownTextRuleError,
  UnsupportedLearnerError,
  UnsupportedTokenizerError,
} from '../errors.js';
import type { LearnerFile } from '../learner-file.js';
import type { TextOptions } from './read-tokenizer.js';
import type { GivenTokenizer } from './sentencepiece/given-model.js';
import type { TextCode } from './text-code.js';
import { TextPipeline } from './text-pipeline.js';

/** Transforms that are refused by name unless the file, or the user's source, has their code. */
const UNKNOWN = [UnknownTextRuleError, UnsupportedTokenizerError, UnsupportedLearnerError];

const isUnknown = (error: unknown): boolean => UNKNOWN.some((one) => error instanceof one);

/** @throws UnsupportedLearnerError if only the name of a transform of the text is known. */
export async function openTextPipeline(
  file: LearnerFile,
  options: LearnerOptions,
): Promise<TextPipeline> {
  const given = await givenTokenizer(file, options);
  const pipeline = await openWith(file, given.options);
  given.checkVocabulary(pipeline.vocab);
  return pipeline;
}

async function openWith(file: LearnerFile, options: TextOptions): Promise<TextPipeline> {
  try {
    return TextPipeline.read(file, options);
  } catch (error) {
    if (!isUnknown(error)) throw error;
  }
  return TextPipeline.read(file, options, await load(file, options));
}

/** The code for the texts of a file; undefined if they need none. */
export async function textCodeOf(
  file: LearnerFile,
  options: TextOptions,
): Promise<TextCode | undefined> {
  try {
    TextPipeline.read(file, options);
  } catch (error) {
    if (isUnknown(error)) return load(file, options);
  }
  return undefined;
}

/**
 * The splitter that replaces the one in {@link TextPipeline}.
 *
 * @throws TokenizerOptionError, SentencePieceModelError
 */
export async function givenTokenizer(
  file: LearnerFile,
  options: LearnerOptions,
): Promise<GivenTokenizer> {
  const { tokenizer, ...others } = options;
  // Most learners split words by spaCy's rules, so the reader of SentencePiece models loads on
  // demand.
  const needed =
    (tokenizer !== undefined && typeof tokenizer !== 'function') || holdsSentencePiece(file);
  if (needed) {
    const { openGivenTokenizer } = await import('./sentencepiece/given-model.js');
    return openGivenTokenizer(file, options);
  }
  const own = typeof tokenizer === 'function' && { tokenizer };
  return { options: { ...others, ...own }, checkVocabulary: () => undefined };
}

async function load(file: LearnerFile, options: LearnerOptions): Promise<TextCode> {
  // Most learners have no code of their own, so the evaluator loads on demand.
  const { openTextCode } = await import('./own-code.js');
  if (!holdsSentencePiece(file)) return openTextCode(options);
  const { ProcessorNames } = await import('./sentencepiece/processor-names.js');
  return openTextCode(options, new ProcessorNames());
}

const holdsSentencePiece = ({ torchFile }: LearnerFile): boolean =>
  torchFile.globals.some(({ module }) => module === 'sentencepiece');
