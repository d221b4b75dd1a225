import { CommandError } from '../../errors.js';
import { streamOf } from '../../predict/read-stream.js';
import type { BatchFile } from '../files.js';
import { MOST_LINE } from '../read-lines.js';
import type { WholePlace } from './split.js';

const NEWLINE = 10;

/** Where chunks of lines begin and end. Empty lines do not count. */
export async function* splitLines(file: BatchFile, rows: number): AsyncGenerator<WholePlace> {
  let first = 0;
  let count = 0;
  let start = 0;
  for await (const { end, blank } of linesIn(file)) {
    if (!blank && ++count === rows) {
      yield { files: [file], first, rows: count, start, end, bytes: end - start };
      first += count;
      count = 0;
      start = end;
    }
  }
  const end = file.size;
  if (count > 0) yield { files: [file], first, rows: count, start, end, bytes: end - start };
}

interface Line {
  /** The offset of the byte after it. */
  readonly end: number;
  readonly blank: boolean;
}

async function* linesIn(file: BatchFile): AsyncGenerator<Line> {
  let offset = 0;
  let rest: Buffer[] = [];
  let length = 0;
  for await (const bytes of streamOf(file) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let to = bytes.indexOf(NEWLINE); to >= 0; to = bytes.indexOf(NEWLINE, from)) {
      const line = [...rest, bytes.subarray(from, to)];
      [rest, length] = [[], 0];
      from = to + 1;
      yield { end: offset + from, blank: isBlank(line) };
    }
    if (from < bytes.length) rest.push(bytes.subarray(from));
    length += bytes.length - from;
    // A character has at most three bytes for each of its UTF-16 units.
    if (length > 3 * MOST_LINE) {
      throw new CommandError(
        `The file ${file.path} has a line of more than ${MOST_LINE} characters`,
        'Give a file with one item per line',
      );
    }
    offset += bytes.length;
  }
  if (rest.length > 0) yield { end: offset, blank: isBlank(rest) };
}

/** As `trim` decides, which is needed only for lines without a letter. */
function isBlank(line: readonly Buffer[]): boolean {
  if (line.some((bytes) => bytes.subarray(0, 256).some((byte) => byte > 32 && byte < 127)))
    return false;
  return Buffer.concat(line).toString().trim() === '';
}
