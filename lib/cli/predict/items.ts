import { readFile } from 'node:fs/promises';
import { buffer, text } from 'node:stream/consumers';
import { CommandError, unreadable } from '../errors.js';
import type { Predictor } from './predictor.js';

/** Reads an argument as an item for a model of that kind; "-" is stdin. */
export async function itemsOf(argument: string, kind: Predictor['kind']): Promise<unknown[]> {
  if (kind === 'vision') return [argument === '-' ? await buffer(process.stdin) : argument];
  if (kind === 'array') return [await arrayOf(argument)];
  const given = argument === '-' ? (await text(process.stdin)).replace(/\r?\n$/, '') : argument;
  if (kind === 'mixed') return [await mixedItem(given)];
  if (kind !== 'tabular' && kind !== 'collab' && kind !== 'module') return [given];
  // A file of rows may be too long for a command line.
  const path = given.slice(1);
  const json = given.startsWith('@') ? await readFile(path, 'utf8').catch(unreadable(path)) : given;
  return kind === 'module' ? [parseJson(json, 'an array, such as [[1, 2]]')] : rowsOf(json);
}

/**
 * Nested lists as JSON, or a file (.npy, CSV, JSON). The file is read here, and the learner
 * recognizes its format.
 */
async function arrayOf(argument: string): Promise<string | Uint8Array> {
  if (argument === '-') return buffer(process.stdin);
  if (/^\s*[[{]/.test(argument)) return argument;
  const path = argument.replace(/^@/, '');
  return readFile(path).catch(unreadable(path));
}

/**
 * The inputs of an item as JSON, in a list, by name or as a row; or the one path from which all are
 * made.
 */
async function mixedItem(given: string): Promise<unknown> {
  if (!/^\s*[[{@]/.test(given)) return given;
  const path = given.slice(1);
  const json = given.startsWith('@') ? await readFile(path, 'utf8').catch(unreadable(path)) : given;
  return parseJson(json, 'the inputs, such as \'["a.jpg", "b.jpg"]\'');
}

function parseJson(json: string, what: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new CommandError(
      `${JSON.stringify(json.slice(0, 80))} is not valid JSON (${(error as Error).message})`,
      `Give ${what}; @FILE reads it from a file`,
    );
  }
}

function rowsOf(json: string): unknown[] {
  const value = parseJson(json, 'a row as an object, such as \'{"age": 48}\'');
  const rows: unknown[] = Array.isArray(value) ? value : [value];
  const other = rows.find((row) => typeof row !== 'object' || row === null || Array.isArray(row));
  if (other === undefined) return rows;
  throw new CommandError(
    `${JSON.stringify(other)} is not a row`,
    'Give an object with a value for each column',
  );
}
