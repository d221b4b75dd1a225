import { Type } from 'class-transformer';
import { IsArray, IsInt, IsString, Max, ValidateNested } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { InvalidBodyError, InvalidOutputError } from './errors.js';
import { Json } from './json.js';

class Word {
  @IsString()
  text!: string;
}

class Query {
  @IsInt()
  @Max(10)
  count: number = 3;

  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => Word)
  words!: Word[];
}

const body = (text: string) => ({
  bytes: new TextEncoder().encode(text),
  charset: undefined,
  mediaType: 'application/json',
});

describe('Json', () => {
  const json = new Json({ dto: Query });

  it('reads an instance of its class', async () => {
    const query = await json.parse(body('{"words":[{"text":"a"}]}'));
    expect(query).toBeInstanceOf(Query);
    expect(query.count).toBe(3);
    expect(query.words[0]).toBeInstanceOf(Word);
  });

  it('lists all errors with their paths', async () => {
    const wrong = json.parse(body('{"count":11.5,"words":[{"text":"a"},{"text":7}],"more":1}'));
    await expect(wrong).rejects.toThrow(InvalidBodyError);
    await expect(wrong).rejects.toThrow(/property more should not exist/);
    await expect(wrong).rejects.toThrow(/count must be an integer/);
    await expect(wrong).rejects.toThrow(/count must not be greater than 10/);
    await expect(wrong).rejects.toThrow(/words\.1\.text must be a string/);
  });

  it.each(['', '{', '[]', 'null', '7', '"x"'])('refuses %j', async (text) => {
    await expect(json.parse(body(text))).rejects.toThrow(InvalidBodyError);
  });

  it('refuses bytes that are not UTF-8', async () => {
    const bytes = Uint8Array.of(0x22, 0xff, 0x22);
    await expect(json.parse({ ...body(''), bytes })).rejects.toThrow(/UTF-8/);
  });

  it('touches no prototype', async () => {
    const text =
      '{"words":[],"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    await json.parse(body(text)).catch(() => undefined);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('accepts any value without a class, and the result of a body parser', async () => {
    expect(await new Json().parse(body('[1,{"a":null}]'))).toEqual([1, { a: null }]);
    const parsed = { bytes: undefined, parsed: { a: 1 }, charset: undefined, mediaType: undefined };
    expect(await new Json().parse(parsed)).toEqual({ a: 1 });
  });

  it('writes JSON', () => {
    expect(json.serialize({ a: [1, Number.NaN, 'é'] }).body).toBe('{"a":[1,null,"é"]}');
    expect(() => json.serialize(undefined)).toThrow(InvalidOutputError);
  });
});
