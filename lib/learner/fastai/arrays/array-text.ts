import { ArrayItemError } from '../errors.js';

/** float32 of 256 MiB. */
export const MOST_ELEMENTS = 2 ** 26;
const LINES = /\r\n|\r|\n/;

/** Numbers in a text, one row per line. @throws ArrayItemError */
export function readArrayText(text: string): { data: number[]; dims: number[] } {
  const trimmed = text.trim();
  const lines = trimmed.split(LINES).filter((line) => line.trim() !== '');
  if (trimmed === '') throw new ArrayItemError('is an empty text', 'send rows of numbers');
  const separator = [',', ';', '\t'].find((one) => trimmed.includes(one)) ?? /\s+/;
  const data: number[] = [];
  let width: number | undefined;
  lines.forEach((line, row) => {
    const cells = (typeof separator === 'string' ? line : line.trim()).split(separator);
    width ??= cells.length;
    if (cells.length !== width) {
      throw new ArrayItemError(
        `has ${cells.length} numbers in line ${row + 1} but ${width} in the lines before`,
        'send one line per variable, all of one length',
      );
    }
    if (data.length + width > MOST_ELEMENTS) {
      throw new ArrayItemError(`has more than ${MOST_ELEMENTS} elements`, 'send fewer');
    }
    for (const cell of cells) data.push(numberOf(cell.trim(), row));
  });
  return { data, dims: [lines.length, width ?? 0] };
}

function numberOf(cell: string, row: number): number {
  if (cell === '' || /^nan$/i.test(cell)) return NaN;
  const infinite = /^([+-]?)inf(inity)?$/i.exec(cell);
  if (infinite) return infinite[1] === '-' ? -Infinity : Infinity;
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(cell) ? Number(cell) : NaN;
  if (!Number.isNaN(value)) return value;
  throw new ArrayItemError(
    `contains the text "${cell.slice(0, 40)}" in line ${row + 1}`,
    'send only numbers, without a header',
  );
}
