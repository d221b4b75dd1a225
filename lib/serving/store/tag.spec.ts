import { afterEach, describe, expect, it, vi } from 'vitest';
import { InvalidTagError } from './errors.js';
import { Tag } from './tag.js';

describe('Tag', () => {
  afterEach(() => vi.restoreAllMocks());

  it.each([
    ['m', 'm', undefined],
    ['m:v1', 'm', 'v1'],
    ['my_model.v-2:1.0.0', 'my_model.v-2', '1.0.0'],
    ['a..b:c__d', 'a..b', 'c__d'],
    [`${'n'.repeat(63)}:${'v'.repeat(63)}`, 'n'.repeat(63), 'v'.repeat(63)],
  ])('reads %s', (text, name, version) => {
    const tag = Tag.parse(text);
    expect([tag.name, tag.version]).toEqual([name, version]);
    expect(tag.toString()).toBe(text);
  });

  it.each([
    ['', 'its name is empty'],
    [':v1', 'its name is empty'],
    ['m:', 'nothing follows the ":"'],
    ['m:v1:2', 'more than one ":"'],
    ['-m', 'has the wrong form'],
    ['m.', 'has the wrong form'],
    ['a b', 'has the wrong form'],
    ['mé', 'has the wrong form'],
    ['abc\n', 'has the wrong form'],
    ['m:abc\n', 'has the wrong form'],
    ['../m', 'has the wrong form'],
    ['m:../v', 'has the wrong form'],
    ['m:..', 'has the wrong form'],
    ['m\\v', 'has the wrong form'],
    ['n'.repeat(64), '64 characters long'],
    [`m:${'v'.repeat(64)}`, '64 characters long'],
  ])('refuses %j', (text, reason) => {
    expect(() => Tag.parse(text)).toThrow(InvalidTagError);
    expect(() => Tag.parse(text)).toThrow(reason);
  });

  it('refuses a value that is not a string', () => {
    expect(() => Tag.parse(7 as never)).toThrow(InvalidTagError);
    expect(() => new Tag('m', 1 as never)).toThrow(InvalidTagError);
  });

  it('proposes latest if the version is empty', () => {
    expect(() => Tag.parse('m:')).toThrow('"m:latest"');
  });

  it('lowers capitals, with a warning', () => {
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    expect(String(Tag.parse('Foo_Bar:V1'))).toBe('foo_bar:v1');
    expect(emit).toHaveBeenCalledOnce();
    expect(emit).toHaveBeenCalledWith(
      expect.stringContaining('"foo_bar:v1"'),
      expect.objectContaining({ code: 'VTS_TAG_CASE' }),
    );
  });

  it('knows which tags mean the newest version', () => {
    expect(Tag.parse('m').isLatest).toBe(true);
    expect(Tag.parse('m:latest').isLatest).toBe(true);
    expect(Tag.parse('m:latest1').isLatest).toBe(false);
  });

  it('compares, and is its text in JSON', () => {
    expect(Tag.parse('m:v').equals(new Tag('m', 'v'))).toBe(true);
    expect(Tag.parse('m').equals(new Tag('m', 'v'))).toBe(false);
    expect(JSON.stringify({ tag: new Tag('m', 'v') })).toBe('{"tag":"m:v"}');
  });
});
