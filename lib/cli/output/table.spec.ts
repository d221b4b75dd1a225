import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { Screen } from './screen.js';
import { listing, table } from './table.js';

const screenOf = (columns: number): Screen =>
  Screen.of({ isTTY: true, columns, rows: 24 } as NodeJS.WriteStream);
const rows = [
  ['photo-of-a-very-long-name-in-a-folder.jpg', 'cat', '12'],
  ['b.jpg', 'dog', '3'],
];

describe('table', () => {
  it('shows whole texts if lines may have any length', () => {
    expect(table(['Input', 'Class', 'N'], rows, Screen.plain, [2])).toBe(
      [
        'Input                                      Class   N',
        'photo-of-a-very-long-name-in-a-folder.jpg  cat    12',
        'b.jpg                                      dog     3',
      ].join('\n'),
    );
  });

  it.each([80, 50, 40, 30])('fits a terminal of %d cells', (width) => {
    const lines = table(['Input', 'Class', 'N'], rows, screenOf(width)).split('\n');
    expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(width);
    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain('cat');
  });

  it('keeps each row on one line', () => {
    expect(table(['A'], [['x\ny\x1b[31m']])).toBe('A\nx y [31m');
  });
});

describe('listing', () => {
  it('wraps long values under their names on a terminal, and nowhere else', () => {
    const entries = [
      ['Name', 'a b c d e f g h i j k l m n'],
      ['B', 'x'],
    ] as const;
    expect(listing(entries)).toBe('Name  a b c d e f g h i j k l m n\nB     x');
    expect(listing(entries, Screen.of({ isTTY: true, columns: 26 } as NodeJS.WriteStream))).toMatch(
      /^\S*Name\S*  a b c d e f g h i j\n      k l m n\n/,
    );
  });
});
