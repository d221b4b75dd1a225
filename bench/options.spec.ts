import { describe, expect, it } from 'vitest';
import { parseOptions, UsageError } from './options.js';

const CASES = ['text', 'http-text'];
const parse = (line: string) => parseOptions(line.split(' ').filter(Boolean), CASES);

describe('parseOptions', () => {
  it('runs all cases by default', () => {
    expect(parse('')).toEqual({ names: [], list: false, check: false, docs: false });
  });

  it('reads names and options in any order', () => {
    expect(
      parse('text --rounds 3 http-text --seconds 0.5 --json out.json --compare main --check'),
    ).toEqual({
      names: ['text', 'http-text'],
      rounds: 3,
      seconds: 0.5,
      json: 'out.json',
      compare: 'main',
      list: false,
      check: true,
      docs: false,
    });
  });

  it.each([
    ['nix', 'No case is named "nix"; the cases are text, http-text.'],
    ['--rounds 0', '--rounds takes a whole number above 0 up to 1000, not "0".'],
    ['--rounds 1.5', '--rounds takes a whole number above 0 up to 1000, not "1.5".'],
    ['--rounds many', '--rounds takes a whole number above 0 up to 1000, not "many".'],
    ['--seconds -1', '--seconds takes a number above 0 up to 3600, not "-1".'],
    ['--seconds 1e9', '--seconds takes a number above 0 up to 3600, not "1e9".'],
    ['--seconds=', '--seconds takes a number above 0 up to 3600, not "".'],
    ['--docs --compare main', '--docs writes the numbers of one commit; leave out --compare.'],
    ['--json', "option '--json <file>' argument missing; --help lists the options."],
    ['--wrong', "unknown option '--wrong'; --help lists the options."],
  ])('refuses %s in one sentence', (line, message) => {
    expect(() => parse(line)).toThrow(new UsageError(message));
  });
});
