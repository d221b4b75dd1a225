import { readFileSync } from 'node:fs';
import xz from 'xz-decompress';
import { describe, expect, it } from 'vitest';
import {
  SentencePieceModelError,
  TokenizerOptionError,
  UnsupportedTokenizerError,
} from '../../errors.js';
import { Learner } from '../../learner.js';
import { LMLearner } from '../lm/lm-learner.js';

const FOLDER = 'test/fixtures/text/sentencepiece';
const MODEL = `${FOLDER}/spm.model`;

interface Case {
  readonly input: string;
  readonly probs: number[];
  readonly decoded: string;
  readonly pieces: string[];
  readonly same: string;
}
const cases = JSON.parse(readFileSync(`${FOLDER}/learners.json`, 'utf8')) as Record<
  'given' | 'own' | 'lm',
  Case[]
>;

async function file(name: keyof typeof cases): Promise<Buffer> {
  const packed = new Blob([readFileSync(`${FOLDER}/${name}.pkl.xz`)]).stream();
  return Buffer.from(await new Response(new xz.XzReadableStream(packed)).arrayBuffer());
}

function expectClose(actual: ArrayLike<unknown>, expected: number[]): void {
  expected.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, 5));
}

async function expectEqual(learner: Learner, expected: Case[]): Promise<void> {
  for (const { input, probs, decoded, pieces } of expected) {
    const [answer, , given] = await learner.predict(input);
    expect([input, answer, learner.tokenize(input)]).toEqual([input, decoded, pieces]);
    expectClose(given.data, probs);
  }
}

describe('a SentencePiece model', () => {
  it.each([MODEL, readFileSync(MODEL)])('is given next to its learner', async (tokenizer) => {
    const learner = await Learner.load(await file('given'), { tokenizer });
    await expectEqual(learner, cases.given);
    await learner.release();
  });

  it('is requested if the file has none', async () => {
    const load = Learner.load(await file('given'));
    await expect(load).rejects.toThrow(UnsupportedTokenizerError);
    await expect(load).rejects.toThrow(/"spm\.model", which is not .*tokenizer: 'spm\.model'/);
  });

  it('is in the file, also for notebook code', async () => {
    const learner = await Learner.load(await file('own'));
    await expectEqual(learner, cases.own);
    await learner.release();
    await expect(Learner.load(await file('own'), { tokenizer: MODEL })).rejects.toThrow(
      /"__main__\.Marked", whose code is in the file; omit the option "tokenizer"/,
    );
  });

  it('splits the texts of a language model', async () => {
    for (const options of [{}, { tokenizer: MODEL }]) {
      const learner = await LMLearner.load(await file('lm'), options);
      for (const { input, probs, same } of cases.lm) {
        expect(await learner.predict(input, 0)).toBe(same);
        const [given] = await learner.getPreds([input]);
        expectClose(given.data, probs);
      }
      await learner.release();
    }
  });

  it.each<[string, unknown, RegExp]>([
    ['a number', 5, /"tokenizer" is of type number/],
    ['null', null, /"tokenizer" is null/],
    ['no file', 'nowhere/spm.model', /No file at "nowhere\/spm\.model"/],
    ['a folder', FOLDER, /sentencepiece" is not a file/],
  ])('is refused when the learner loads if the option is %s', async (_, tokenizer, says) => {
    const load = Learner.load(await file('given'), { tokenizer: tokenizer as string });
    await expect(load).rejects.toThrow(TokenizerOptionError);
    await expect(load).rejects.toThrow(says);
  });

  it('is refused if it is another file, or that of another learner', async () => {
    const given = await file('given');
    const other = Learner.load(given, { tokenizer: `${FOLDER}/learners.json` });
    await expect(other).rejects.toThrow(SentencePieceModelError);
    const words = Learner.load(given, { tokenizer: modelOf(['<unk>', 'good', 'bad']) });
    await expect(words).rejects.toThrow(/has only 0 of the \d+ words of the learner's vocabulary/);
    const held = Learner.load(await file('lm'), { tokenizer: modelOf(['<unk>', 'good']) });
    await expect(held).rejects.toThrow(/differs from the one in the learner's file/);
    const spacy = Learner.load('test/fixtures/learners/regression/export.pkl', {
      tokenizer: MODEL,
    });
    await expect(spacy).rejects.toThrow(
      /with fastai's \w+Tokenizer, not with a SentencePiece model/,
    );
  });
});

/** A model of few pieces, of which the first is for what is unknown. */
function modelOf(pieces: readonly string[]): Uint8Array {
  const field = (number: number, body: Uint8Array): Buffer =>
    Buffer.concat([Uint8Array.of(number * 8 + 2, body.length), body]);
  return Buffer.concat(
    pieces.map((piece, i) =>
      field(
        1,
        Buffer.concat([field(1, Buffer.from(piece)), Uint8Array.of(3 * 8, i === 0 ? 2 : 1)]),
      ),
    ),
  );
}
