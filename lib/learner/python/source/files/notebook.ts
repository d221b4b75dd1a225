import { CodeFileError } from '../../errors.js';
import { PythonSyntaxError } from '../syntax/error.js';
import { parse } from '../syntax/parser.js';
import type { Statement } from '../syntax/ast.js';

/** Cell magics whose cell is still Python. */
const PYTHON_CELLS = /^%%(?:time|timeit|capture|prun|debug)\b/;
/** Lines that IPython handles itself: `%magic`, `!command`, `?help`, `help??`, `x = !command`. */
const MAGIC = /^\s*(?:[%!?]|[\w.*]+\?{1,2}\s*$|[\w., ]+=\s*[!%])/;
const MAX_CELLS = 5000;

/** The code of each cell; empty for cells without code. */
export function cellsOf(text: string, file: string): readonly string[] {
  let notebook: unknown;
  try {
    notebook = JSON.parse(text);
  } catch {
    throw new CodeFileError(file, 'It is not a notebook: its content is not valid JSON.');
  }
  const cells = field(notebook, 'cells') ?? worksheet(notebook);
  if (!Array.isArray(cells))
    throw new CodeFileError(file, 'It is not a notebook: it has no cells.');
  if (cells.length > MAX_CELLS) {
    throw new CodeFileError(file, `It has ${cells.length} cells; the limit is ${MAX_CELLS}.`);
  }
  return cells.map((cell) => {
    if (field(cell, 'cell_type') !== 'code') return '';
    const source = field(cell, 'source') ?? field(cell, 'input');
    if (typeof source === 'string') return source;
    if (!Array.isArray(source)) return '';
    return source.filter((line) => typeof line === 'string').join('');
  });
}

/** Worksheets, in version 3 of the format. */
function worksheet(notebook: unknown): unknown {
  const sheets = field(notebook, 'worksheets');
  return Array.isArray(sheets) ? field(sheets[0], 'cells') : undefined;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

/** A notebook with only its code: outputs make up most of its size. */
export function notebookOf(cells: readonly string[]): string {
  return JSON.stringify({
    cells: cells.map((source) => ({ cell_type: source === '' ? 'raw' : 'code', source })),
  });
}

/** `%%writefile layers.py`: the file that the cell writes. */
export function writtenBy(
  cell: string,
): { readonly name: string; readonly text: string } | undefined {
  const match = /^\s*%%(?:writefile|file)\s+(?:-a\s+)?(\S+\.py)[^\n]*\n([^]*)$/.exec(cell);
  return match ? { name: match[1]!, text: match[2]! } : undefined;
}

/**
 * The statements of a cell, without the lines that IPython handles itself. @throws
 * PythonSyntaxError
 */
export function parseCell(cell: string): readonly Statement[] {
  const lines = cell.replace(/\r\n?/g, '\n').split('\n');
  const first = lines.findIndex((line) => line.trim() !== '');
  if (first >= 0 && lines[first]!.startsWith('%%')) {
    if (!PYTHON_CELLS.test(lines[first]!)) return [];
    lines[first] = '';
  }
  // A line that begins with % may also continue the previous line: only a line that the parser
  // rejects is removed.
  for (let tries = 0; ; tries++) {
    try {
      return parse(lines.join('\n'));
    } catch (error) {
      if (!(error instanceof PythonSyntaxError) || tries > 100) throw error;
      if (!removeMagic(lines, magicAt(lines, error.line - 1))) throw error;
    }
  }
}

/** The magic that an error in a line is about: the parser may fail before or after it. */
function magicAt(lines: readonly string[], at: number): number {
  const isMagic = (line: string) => MAGIC.test(line);
  if (isMagic(lines[at] ?? '')) return at;
  const next = lines.findIndex((line, index) => index > at && isMagic(line));
  return next >= 0 ? next : lines.findLastIndex((line, index) => index < at && isMagic(line));
}

function removeMagic(lines: string[], at: number): boolean {
  const line = lines[at];
  if (line === undefined || !MAGIC.test(line)) return false;
  lines[at] = `${/^\s*/.exec(line)![0]}pass`;
  for (let next = at, last = line; last.endsWith('\\') && next + 1 < lines.length;) {
    last = lines[++next]!;
    lines[next] = '';
  }
  return true;
}
