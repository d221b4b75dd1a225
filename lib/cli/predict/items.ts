import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { CommandError } from '../errors/cli.error.js';
import type { Predictor } from './predictor.js';

/**
 * What a learner predicts from, from an argument: a text, the path of an image, a row as JSON (or
 * several, in an array), an array as JSON for models without a learner, or "-" for stdin.
 *
 * @throws CommandError for what is no row.
 */
export async function itemsOf(argument: string, kind: Predictor['kind']): Promise<unknown[]> {
  if (kind === 'vision') return [argument === '-' ? await bytesOfStdin() : argument];
  const given = argument === '-' ? (await text(process.stdin)).replace(/\r?\n$/, '') : argument;
  if (kind !== 'tabular' && kind !== 'collab' && kind !== 'module') return [given];
  // A file of rows may be too long for a command line.
  const json = given.startsWith('@') ? await rowFile(given.slice(1)) : given;
  return kind === 'module' ? [parseJson(json, 'an array, such as [[1, 2]]')] : rowsOf(json);
}

async function rowFile(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`The file ${path} cannot be read (${error.code})`, 'Check the path');
  });
}

async function bytesOfStdin(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function parseJson(json: string, what: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new CommandError(
      `${JSON.stringify(json.slice(0, 80))} is no JSON (${(error as Error).message})`,
      `Give ${what}; @FILE reads it from a file`,
    );
  }
}

function rowsOf(json: string): unknown[] {
  const value = parseJson(json, 'a row as an object, such as \'{"age": 48}\'');
  const rows: unknown[] = Array.isArray(value) ? value : [value];
  const other = rows.find((row) => typeof row !== 'object' || row === null || Array.isArray(row));
  if (other !== undefined) {
    throw new CommandError(
      `${JSON.stringify(other)} is no row`,
      'Give an object with a value for each column',
    );
  }
  return rows;
}
