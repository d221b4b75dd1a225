import { describe, expect, it } from 'vitest';
import { codeFixtures, codeOf } from '../../../../test/helpers/code-fixtures.js';
import { CodeVersion, decodeCode, RawCode } from './index.js';
import { showCode } from './show.js';

function shown(version: string, name: string): string {
  const fixture = codeFixtures(version).find((one) => one.name === name)!;
  const module = codeOf(fixture.code);
  const f = module.consts.filter((one) => one instanceof RawCode).find((one) => one.name === 'f')!;
  return showCode(decodeCode(f, new CodeVersion()));
}

describe('showCode', () => {
  it('writes parameters, lines, names, constants and labels', () => {
    expect(shown('3.11', 'gcd_loop')).toMatchInlineSnapshot(`
      "f(a, b), line 3
           4       load_fast b
                   pop_jump_if false to L2
           5  L1   load_fast b
                   load_fast a
                   load_fast b
                   binary %
                   store_fast b
                   store_fast a
           4       load_fast b
                   pop_jump_if true to L1
           6  L2   load_fast a
                   return_value"
    `);
  });

  it('writes the guards of the code, and the functions within it', () => {
    const text = shown('3.12', 'closure_argument_cell');
    expect(text).toMatch(/^f\(x, \*rest, k, \*\*more\), line \d+\n/);
    expect(text).toMatch(/\n\nf\.<locals>\.g\(\), line \d+\n/);
    expect(shown('3.12', 'try_except')).toMatch(/lines \d+( to \d+)?: exceptions go to L\d/);
  });

  it.each(['3.7', '3.8', '3.9', '3.10', '3.11', '3.12', '3.13', '3.14'])(
    'writes the code of Python %s',
    (version) => {
      const file = new CodeVersion();
      const codes = codeFixtures(version).map(({ code }) => codeOf(code));
      for (const raw of codes) file.add(raw);
      for (const raw of codes) expect(showCode(decodeCode(raw, file))).not.toMatch(/undefined/);
    },
  );
});
