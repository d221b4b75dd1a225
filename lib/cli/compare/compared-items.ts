import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { CommandError, unreadable } from '../errors.js';
import { csvItems } from '../predict/csv-items.js';
import { IMAGE_FILES } from '../predict/image-files.js';
import { itemsOf } from '../predict/items.js';
import type { Predictor } from '../predict/predictor.js';

export interface ItemSource {
  readonly inputs: readonly string[];
  readonly data?: string;
  readonly column?: string;
  readonly limit: number;
}

/** The items to predict from: inputs of the command line, then those of a file or folder. */
export async function* comparedItems(
  predictor: Pick<Predictor, 'kind' | 'schema'>,
  { inputs, data, column, limit }: ItemSource,
): AsyncGenerator<unknown> {
  let count = 0;
  for await (const item of all(predictor, inputs, data, column)) {
    if (count++ >= limit) return;
    yield item;
  }
}

async function* all(
  predictor: Pick<Predictor, 'kind' | 'schema'>,
  inputs: readonly string[],
  data: string | undefined,
  column: string | undefined,
): AsyncGenerator<unknown> {
  for (const argument of inputs) yield* await itemsOf(argument, predictor.kind);
  if (data === undefined) return;
  const found = await stat(data).catch(unreadable(data));
  const isCsv = !found.isDirectory() && extname(data).toLowerCase() !== '.txt';
  if (column !== undefined && !(isCsv && predictor.schema === undefined)) {
    throw new CommandError(
      isCsv
        ? '--column is for texts and images: rows have the columns of the learner'
        : `--column is for a CSV file, but ${data} is not one`,
      'Omit --column',
    );
  }
  if (predictor.kind === 'array' && !found.isDirectory())
    return yield* await itemsOf(data, 'array');
  if (found.isDirectory()) return yield* imagesOf(data, predictor.kind);
  if (isCsv && predictor.kind === 'mixed') {
    throw new CommandError(
      `${data} is a CSV file, but the learner takes several inputs`,
      'Give a .txt file with one JSON item per line',
    );
  }
  if (isCsv) {
    for await (const { item } of csvItems(predictor, { input: data, column })) yield item;
    return;
  }
  const lines = (await readFile(data, 'utf8').catch(unreadable(data))).split(/\r?\n/);
  for (const line of lines.filter((text) => text.trim() !== '')) {
    if (predictor.kind === 'mixed') yield* await itemsOf(line, predictor.kind);
    else yield line;
  }
}

async function* imagesOf(folder: string, kind: Predictor['kind']): AsyncGenerator<string> {
  if (kind !== 'vision') {
    throw new CommandError(
      `${folder} is a folder, but the learner has the kind "${kind}"`,
      'Give a CSV file',
    );
  }
  const names = await readdir(folder, { recursive: true });
  const endings: readonly string[] = IMAGE_FILES;
  const images = names.filter((name) => endings.includes(extname(name).toLowerCase())).toSorted();
  yield* images.map((name) => join(folder, name));
}
