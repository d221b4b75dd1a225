import { existsSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { CommandError } from '../errors.js';
import { print } from '../output/print.js';
import { Screen } from '../output/screen.js';
import { withStatus } from '../output/status.js';
import { fit, oneLine, printable } from '../output/text.js';
import type { PredictOptions } from './given-options.js';
import { itemsOf } from './items.js';
import { drawnPng } from './picture.js';
import { plainTable, type Result } from './plain-table.js';
import type { Predictor } from './predictor.js';
import { writeResult } from './result-file.js';
import { viewOf } from './view.js';

/** Predicts from the inputs of a command line, and shows or writes the results. */
export async function predictInputs(
  predictor: Predictor,
  inputs: readonly string[],
  { output = 'table', out, force = false }: PredictOptions,
): Promise<void> {
  const drawn = out === undefined ? undefined : new DrawnFiles(out, inputs.length, force);
  const screen = Screen.of(process.stdout);
  if (output === 'table' && screen.isTerminal) {
    let first = true;
    for await (const given of itemsOfAll(inputs, predictor)) {
      if (!first) process.stdout.write('\n');
      first = false;
      await showOne(predictor, given, screen, drawn);
    }
    return;
  }
  const results: Result[] = [];
  await withStatus(async (show) => {
    for await (const { item, argument } of itemsOfAll(inputs, predictor)) {
      const input = item instanceof Uint8Array ? argument : item;
      const result = { input, ...(await predictor.predict(item)) };
      await drawn?.write(item, result);
      results.push(result);
      show(`predicted ${results.length}`);
    }
  });
  await print(results, output, () => plainTable(results, predictor.description));
}

interface GivenItem {
  readonly item: unknown;
  /** The argument on the command line. */
  readonly argument: string;
  /** A name that distinguishes it; undefined for a single input. */
  readonly name: string | undefined;
}

async function* itemsOfAll(
  inputs: readonly string[],
  { kind }: Predictor,
): AsyncGenerator<GivenItem> {
  for (const argument of inputs) {
    const items = await itemsOf(argument, kind);
    for (const [i, item] of items.entries()) {
      const place = items.length > 1 ? ` [${i}]` : '';
      const name = inputs.length > 1 || items.length > 1 ? `${argument}${place}` : undefined;
      yield { item, argument, name };
    }
  }
}

async function showOne(
  predictor: Predictor,
  { item, name }: GivenItem,
  screen: Screen,
  drawn: DrawnFiles | undefined,
): Promise<void> {
  const { stdout } = process;
  if (predictor.stream) {
    let started = false;
    for await (const text of predictor.stream(item as string)) {
      const shown = printable(text);
      stdout.write(started ? shown : screen.look('quiet', shown));
      started = true;
    }
    stdout.write('\n');
    return;
  }
  const scored = await predictor.predict(item);
  if (name !== undefined) {
    stdout.write(`${screen.look('quiet', fit(oneLine(name), screen.width - 1))}\n`);
  }
  stdout.write(`${viewOf(scored, predictor.description, screen, drawn !== undefined)}\n`);
  await drawn?.write(item, scored);
}

/** Where masks and predicted images go: one to a file, several into a folder. */
class DrawnFiles {
  readonly #folder: boolean;
  readonly #written = new Set<string>();

  /**
   * @throws CommandError if several predictions would be written to one file, or to a file that is not a
   * PNG.
   */
  constructor(
    private readonly out: string,
    inputs: number,
    private readonly overwrite: boolean,
  ) {
    this.#folder = /[\\/]$/.test(out) || (existsSync(out) && statSync(out).isDirectory());
    if (this.#folder) return;
    if (inputs > 1) {
      throw new CommandError(
        `${inputs} predictions cannot be written to the one file ${out}`,
        'Give a folder, with a slash at its end',
      );
    }
    if (!/\.png$/i.test(out)) {
      throw new CommandError(
        `Predictions are written as PNG files, and ${out} is not named as one`,
        'Name a .png',
      );
    }
  }

  async write(item: unknown, { prediction }: { readonly prediction: unknown }): Promise<void> {
    const png = await drawnPng(prediction);
    const path = this.#folder ? this.#pathOf(item) : this.out;
    if (this.#folder) await mkdir(this.out, { recursive: true });
    await writeResult(path, this.overwrite, (aside) => writeFile(aside, png, { flag: 'wx' }));
    process.stderr.write(`Written to ${path}.\n`);
  }

  #pathOf(item: unknown): string {
    const path = join(this.out, `${typeof item === 'string' ? parse(item).name : 'stdin'}.png`);
    if (this.#written.has(path)) {
      throw new CommandError(
        `Two predictions would be written to ${path}`,
        'Predict them one by one',
      );
    }
    this.#written.add(path);
    return path;
  }
}
