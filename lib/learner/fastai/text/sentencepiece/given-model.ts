import { open } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { PyGlobal, PyObject, type PyValue } from '../../../torch/index.js';
import type { LearnerOptions, Tokenize } from '../../contract.js';
import { transformName } from '../../data/pipeline.js';
import {
  SentencePieceModelError,
  TokenizerOptionError,
  UnsupportedTokenizerError,
} from '../../errors.js';
import type { LearnerFile } from '../../learner-file.js';
import type { TextOptions } from '../read-tokenizer.js';
import { MOST_BYTES, readSentencePieceModel, type SentencePieceModel } from './model-file.js';
import { sentencePiece } from './sentencepiece.js';
import type { Scoring } from './unigram.js';
import { textOfBytes } from './utf8.js';

/** A `SentencePieceProcessor` in a file: its model, and the versions that wrote it. */
interface Processor {
  readonly model: SentencePieceModel;
  readonly scoring: Scoring;
}

/** The splitter of a learner's texts, and whether it matches the vocabulary. */
export interface GivenTokenizer {
  readonly options: TextOptions;
  /** @throws TokenizerOptionError if the vocabulary belongs to another model. */
  checkVocabulary(vocab: readonly string[]): void;
}

/**
 * The SentencePiece model in the file, or the given one.
 *
 * @throws SentencePieceModelError, TokenizerOptionError
 */
export async function openGivenTokenizer(
  file: LearnerFile,
  { tokenizer, ...others }: LearnerOptions,
): Promise<GivenTokenizer> {
  const splitter = splitterOf(file);
  const held = fromFile(splitter);
  if (typeof tokenizer === 'function') {
    return { options: { ...others, tokenizer }, checkVocabulary: () => undefined };
  }
  const given =
    tokenizer === undefined ? undefined : readSentencePieceModel(await modelBytes(tokenizer));
  if (given !== undefined) refuseOther(splitter, held, given);
  const model = given ?? held?.model;
  return {
    options: { ...others, ...(model && { tokenizer: sentencePiece(model, held?.scoring) }) },
    checkVocabulary: (vocab) => {
      if (given && !held) checkVocabulary(vocab, given);
    },
  };
}

/** The function of a `SentencePieceProcessor` in a file; undefined for other objects. */
export function processorOf(record: PyValue | undefined): Tokenize | undefined {
  const held = readProcessor(record);
  return held && sentencePiece(held.model, held.scoring);
}

function splitterOf({ dls }: LearnerFile): PyObject | undefined {
  const tokenizer = dls.inputs[0]?.transforms.find((it) => transformName(it) === 'Tokenizer');
  const splitter = tokenizer instanceof PyObject ? tokenizer.attr('tok') : undefined;
  return splitter instanceof PyObject ? splitter : undefined;
}

const FASTAI_TOKENIZER = /^fastai2?\.text\.core\.(?<name>\w+)$/;
const nameOf = (splitter: PyObject | undefined): string | undefined =>
  FASTAI_TOKENIZER.exec(splitter?.className ?? '')?.groups?.['name'];
const isSentencePiece = (splitter: PyObject | undefined): boolean =>
  ['SentencePieceTokenizer', 'SubwordTokenizer'].includes(nameOf(splitter) ?? '');

function fromFile(splitter: PyObject | undefined): Processor | undefined {
  return isSentencePiece(splitter) ? readProcessor(splitter?.attr('tok')) : undefined;
}

/** Settings that change a processor's results; fastai leaves all of them off. */
const SETTINGS = ['_add_bos', '_add_eos', '_reverse', '_emit_unk_piece', '_enable_sampling'];

function readProcessor(record: PyValue | undefined): Processor | undefined {
  if (!(record instanceof PyObject)) return undefined;
  if (record.className !== 'sentencepiece.SentencePieceProcessor') return undefined;
  const setting = SETTINGS.find((name) => record.attr(name) === true);
  if (setting !== undefined) {
    throw new UnsupportedTokenizerError(
      record.className,
      `which has ${setting.slice(1)} turned on`,
    );
  }
  // Versions up to 0.2.2 write only the model, later ones their settings as well.
  const proto = record.attr('model_proto');
  const bytes = proto ?? record.state;
  if (!(bytes instanceof Uint8Array)) return undefined;
  return {
    model: readSentencePieceModel(bytes),
    scoring: proto === undefined ? 'to 0.2.1' : 'from 0.2.2',
  };
}

/**
 * The bytes of the model in the option `tokenizer`, which are readable.
 *
 * @throws TokenizerOptionError, SentencePieceModelError
 */
export async function checkedModel(tokenizer: unknown): Promise<Uint8Array> {
  const bytes = await modelBytes(tokenizer);
  readSentencePieceModel(bytes);
  return bytes;
}

async function modelBytes(tokenizer: unknown): Promise<Uint8Array> {
  if (tokenizer instanceof Uint8Array) return tokenizer;
  if (typeof tokenizer === 'string') return readModelFile(tokenizer);
  throw new TokenizerOptionError(
    `The option "tokenizer" is ${tokenizer === null ? 'null' : `of type ${typeof tokenizer}`}`,
    'give the path or bytes of a SentencePiece .model file, or a function of a text',
  );
}

async function readModelFile(path: string): Promise<Uint8Array> {
  const refuse = (fact: string): never => {
    throw new TokenizerOptionError(
      fact,
      'give the path of a SentencePiece .model file as the option "tokenizer"',
    );
  };
  const file = await open(path).catch((error: NodeJS.ErrnoException) =>
    refuse(error.code === 'ENOENT' ? `No file at "${path}"` : error.message),
  );
  try {
    const stats = await file.stat();
    if (!stats.isFile()) refuse(`"${path}" is not a file`);
    const { size } = stats;
    if (size > MOST_BYTES) throw new SentencePieceModelError(`has more than ${MOST_BYTES} bytes`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function refuseOther(
  splitter: PyObject | undefined,
  held: Processor | undefined,
  given: SentencePieceModel,
): void {
  if (held && !isDeepStrictEqual(held.model, given)) {
    throw new TokenizerOptionError(
      "The SentencePiece model differs from the one in the learner's file",
      'omit the option "tokenizer"',
    );
  }
  if (!splitter || isSentencePiece(splitter)) return;
  // For classes other than fastai's the file may have only a name, which says nothing.
  const name = nameOf(splitter);
  const hasCode = !(splitter.cls instanceof PyGlobal);
  if (name === undefined && !hasCode) return;
  throw new TokenizerOptionError(
    name === undefined
      ? `The learner splits its texts with "${splitter.className}", whose code is in the file`
      : `The learner splits its texts with fastai's ${name}, not with a SentencePiece model`,
    'omit the option "tokenizer"',
  );
}

/** Some entries are not pieces of any model: frequent runs of unknown characters. */
const LEAST_SHARE = 0.9;

function checkVocabulary(vocab: readonly string[], { pieces }: SentencePieceModel): void {
  const known = new Set(pieces.map(({ bytes }) => textOfBytes(bytes, 0, bytes.length)));
  const words = vocab.filter((word) => !/^xx[a-z]+$/.test(word));
  const found = words.filter((word) => known.has(word)).length;
  if (found >= words.length * LEAST_SHARE) return;
  throw new TokenizerOptionError(
    `The SentencePiece model has only ${found} of the ${words.length} words of the learner's ` +
      'vocabulary',
    "give the .model file of the learner's training",
  );
}
