import { createReadStream } from 'node:fs';

const NEWLINE = 10;
const QUOTE = 34;

/**
 * Counts the line ends of a file.
 *
 * @param quotes Whether line ends between quotation marks belong to cells; a mark in a cell is
 * doubled.
 */
export async function lineEnds(path: string, quotes = false): Promise<number> {
  let lines = 0;
  let isInside = false;
  for await (const bytes of createReadStream(path) as AsyncIterable<Buffer>) {
    for (const byte of bytes) {
      if (byte === NEWLINE && !isInside) lines++;
      else if (quotes && byte === QUOTE) isInside = !isInside;
    }
  }
  return lines;
}
