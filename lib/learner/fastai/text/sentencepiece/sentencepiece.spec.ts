import { readFileSync } from 'node:fs';
import xz from 'xz-decompress';
import { describe, expect, it } from 'vitest';
import { SentencePieceModelError, TextTooLongError, UnpairedSurrogateError } from '../../errors.js';
import { readSentencePieceModel } from './model-file.js';
import { sentencePiece } from './sentencepiece.js';

const FOLDER = 'test/fixtures/text/sentencepiece';
const SEPARATOR = '\u241e';

interface Fixture {
  readonly texts: readonly string[];
  readonly models: Readonly<
    Record<
      string,
      { file: string; rules: boolean; pieces: string[]; before: Record<number, string> }
    >
  >;
}
const { texts, models } = JSON.parse((await unpacked('cases.json')).toString()) as Fixture;
const rules = await unpacked('nmt_nfkc_cf');

async function unpacked(name: string): Promise<Buffer> {
  const packed = new Blob([readFileSync(`${FOLDER}/${name}.xz`)]).stream();
  return Buffer.from(await new Response(new xz.XzReadableStream(packed)).arrayBuffer());
}

/** A field of protobuf with a length. */
function field(number: number, body: Uint8Array): Buffer {
  const length: number[] = [];
  let left = body.length;
  for (; left > 127; left = Math.floor(left / 128)) length.push((left % 128) + 128);
  return Buffer.concat([Uint8Array.of(number * 8 + 2, ...length, left), body]);
}

function fileOf(name: string): Buffer {
  const { file, rules: hasRules } = models[name]!;
  const own = Buffer.from(file, 'base64');
  return hasRules ? Buffer.concat([own, field(3, field(2, rules))]) : own;
}

const piece = (text: string, type: number, score = 0): Buffer => {
  const number = Buffer.alloc(4);
  number.writeFloatLE(score);
  const fields = [field(1, Buffer.from(text)), Uint8Array.of(2 * 8 + 5), number];
  return field(1, Buffer.concat([...fields, Uint8Array.of(3 * 8, type)]));
};
const UNKNOWN = piece('<unk>', 2);
const bpe = field(2, Uint8Array.of(3 * 8, 2));

describe('sentencepiece', () => {
  it.each(Object.keys(models))("gives Python's pieces: %s", (name) => {
    const model = readSentencePieceModel(fileOf(name));
    const { pieces, before } = models[name]!;
    const now = sentencePiece(model);
    expect(texts.map((text) => now(text).join(SEPARATOR))).toEqual(pieces);
    const earlier = sentencePiece(model, 'to 0.2.1');
    expect(texts.map((text) => earlier(text).join(SEPARATOR))).toEqual(
      pieces.map((now, i) => before[i] ?? now),
    );
  });

  it('follows its version if two segmentations are nearly equal', () => {
    expect(Object.values(models).some(({ before }) => Object.keys(before).length > 0)).toBe(true);
  });

  it('resets its sums in long texts', () => {
    const split = sentencePiece(readSentencePieceModel(fileOf('unigram suffix')));
    const text = texts[0]!;
    const many = split(`${text} `.repeat(2000));
    const once = split(text);
    expect(many.slice(0, once.length)).toEqual(once);
    expect(many.slice(-once.length)).toEqual(once);
    expect(many).toHaveLength(2000 * once.length);
  });

  it('prefers user-defined symbols, from 0.2.2 on also to better pieces', () => {
    const others = [piece('c', 1, -0.1), piece('abc', 1, -0.15), piece('abcd', 1, -0.3)];
    const model = readSentencePieceModel(Buffer.concat([UNKNOWN, piece('ab', 4), ...others]));
    expect(sentencePiece(model)('abcabd')).toEqual(['\u2581', 'ab', 'c', 'ab', 'd']);
    expect(sentencePiece(model, 'to 0.2.1')('abcabd')).toEqual(['\u2581', 'abc', 'ab', 'd']);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['no model', Buffer.from('PK\u0003\u0004 something else'), /does not have the form/],
    ['no bytes', Buffer.alloc(0), /has no pieces/],
    [
      'a cut model',
      fileOf('char').subarray(0, 300),
      /does not have the form|has \d+ pieces|no pieces/,
    ],
    ['no unknown piece', piece('a', 1), /0 unknown pieces/],
    ['two unknown pieces', Buffer.concat([UNKNOWN, UNKNOWN, piece('a', 1)]), /2 unknown pieces/],
    ['a piece twice', Buffer.concat([UNKNOWN, piece('a', 1), piece('a', 4)]), /piece "a" twice/],
    ['an empty piece', Buffer.concat([UNKNOWN, piece('', 1)]), /an empty piece/],
    [
      'half a character',
      Buffer.concat([UNKNOWN, field(1, field(1, Uint8Array.of(0x61, 0xe2)))]),
      /not UTF-8/,
    ],
    ['NUL', Buffer.concat([UNKNOWN, piece('a\0', 1)]), /the character NUL/],
    ['NaN', Buffer.concat([UNKNOWN, piece('a', 1, NaN)]), /not a finite number/],
    ['a long piece', Buffer.concat([UNKNOWN, piece('a'.repeat(9000), 1)]), /more than 4096 bytes/],
    ['pieces for bytes', Buffer.concat([UNKNOWN, piece('a', 1), piece('<0x00>', 6)]), /1 pieces/],
    ['unused pieces', Buffer.concat([UNKNOWN, piece('a', 5), piece('b', 1), bpe]), /unused pieces/],
    [
      'cut rules',
      Buffer.concat([UNKNOWN, piece('a', 1), field(3, field(2, Buffer.alloc(3)))]),
      /truncated/,
    ],
  ])('refuses %s', (_, file, says) => {
    const open = (): unknown => sentencePiece(readSentencePieceModel(file));
    expect(open).toThrow(SentencePieceModelError);
    expect(open).toThrow(says);
  });

  const damaged = ['unigram own rules', 'bpe spaces', 'bpe identity', 'char'];
  it.each(damaged)('refuses damaged models with its own error, and never hangs: %s', (name) => {
    const whole = fileOf(name);
    let seed = 1;
    const random = (below: number): number => {
      seed = (seed * 48271) % 0x7fffffff;
      return seed % below;
    };
    for (let round = 0; round < 150; round++) {
      const file = Buffer.from(whole);
      for (let i = 0; i <= random(8); i++) file[random(file.length)] = random(256);
      try {
        const split = sentencePiece(readSentencePieceModel(file));
        for (const text of texts) expect(Array.isArray(split(text))).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(SentencePieceModelError);
      }
    }
  });

  it('refuses texts that Python refuses, and longer ones than a million characters', () => {
    const split = sentencePiece(readSentencePieceModel(fileOf('char')));
    expect(() => split('a\ud800')).toThrow(UnpairedSurrogateError);
    expect(() => split('a'.repeat(1_000_001))).toThrow(TextTooLongError);
  });
});
