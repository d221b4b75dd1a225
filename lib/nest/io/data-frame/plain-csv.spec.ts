import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainCsv, type CsvTable } from './plain-csv.js';
import { quotedCsv } from './quoted-csv.js';

const pieces = ['1', '2.50', '-0', ',', ',', '\n', '\n', '\r', ' ', 'é', 'NaN', '.', 'a', '\u00a0'];
const texts = fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((all) => all.join(''));

function read(table: CsvTable | undefined): unknown {
  if (table === undefined) return undefined;
  try {
    const columns = table.columns(table.header.map((_, index) => String(index)));
    return [
      table.header,
      columns.map(({ rows, cell }, index) =>
        Array.from({ length: rows }, (_, row) => cell.call(columns[index], row)),
      ),
    ];
  } catch (error) {
    return [table.header, (error as Error).message];
  }
}

describe('plainCsv', () => {
  it('splits as the library does', () => {
    fc.assert(
      fc.property(texts, fc.constantFrom('\n', '\r'), (text, newline) => {
        expect(read(plainCsv(text, newline))).toEqual(read(quotedCsv(text, newline as '\n')));
      }),
      { numRuns: 2000 },
    );
  });

  it('reads short numbers as JavaScript does', () => {
    const number = fc.oneof(
      fc.integer().map(String),
      fc.double({ noNaN: true }).map(String),
      fc.stringMatching(/^-?[0-9]{1,16}\.?[0-9]{0,8}$/),
      fc.constantFrom('-0', '5.', '.5', '1.2.3', '', '-', '0x1', '1e3', ' 1'),
    );
    fc.assert(
      fc.property(number, (text) => {
        const [column] = plainCsv(`a\n${text},`.slice(0, -1) + '\nend', '\n')!.columns(['a']);
        const found = column!.shortNumber(0);
        if (found !== undefined) expect(found).toBe(Number(text));
      }),
      { numRuns: 2000 },
    );
    const [column] = plainCsv('a\n12.5\n-0\n999999999999999\n1e3', '\n')!.columns(['a']);
    expect([0, 1, 2, 3].map((row) => column!.shortNumber(row))).toEqual([
      12.5,
      -0,
      999999999999999,
      undefined,
    ]);
  });

  it('stops if nobody waits', () => {
    const wanted = (): void => {
      throw new Error('left');
    };
    expect(() => plainCsv('a\n1', '\n', wanted)).toThrow('left');
  });
});
