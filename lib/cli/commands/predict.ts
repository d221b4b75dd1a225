import { FASTAI } from '../../serving/models/fastai/rules.js';
import { CommandError } from '../errors/cli.error.js';
import { print, toJson, type OutputFormat } from '../output/print.js';
import { ProgressBar } from '../output/progress.js';
import { table } from '../output/table.js';
import { formatBytes } from '../output/units.js';
import { itemsOf } from '../predict/items.js';
import { openPredictor, type Predictor } from '../predict/predictor.js';
import { scoreCsv } from '../predict/score-csv.js';
import type { Scored } from '../predict/scored.js';
import type { StoreOptions } from '../store-option.js';
import { resolveTarget } from './inspect.js';

export interface PredictOptions extends StoreOptions {
  readonly output: OutputFormat;
  readonly csv?: string;
  readonly out?: string;
  readonly column?: string;
  readonly force?: boolean;
  readonly words: number;
  readonly temperature: number;
  readonly seed?: number;
}

/** `vts predict`. */
export async function predict(
  target: string,
  inputs: readonly string[],
  options: PredictOptions,
): Promise<void> {
  if ((options.csv === undefined) === (inputs.length === 0)) {
    throw new CommandError(
      inputs.length === 0
        ? 'There is nothing to predict from'
        : 'Inputs and --csv exclude each other',
      'Give inputs (- reads stdin), or --csv with a file',
    );
  }
  const { words, temperature, seed } = options;
  const { file, model } = await resolveTarget(target, options);
  const predictor =
    model && !FASTAI.modules.includes(model.info.module)
      ? await (await import('../predict/module-predictor.js')).openModulePredictor(model)
      : await openPredictor(file, { words, temperature, seed });
  try {
    if (options.csv === undefined) await predictInputs(predictor, inputs, options.output);
    else await predictCsv(predictor, options.csv, options);
  } finally {
    await predictor.release();
  }
}

async function predictInputs(
  predictor: Predictor,
  inputs: readonly string[],
  output: OutputFormat,
): Promise<void> {
  const results: (Scored & { input: unknown })[] = [];
  for (const argument of inputs) {
    for (const item of await itemsOf(argument, predictor.kind)) {
      const input = item instanceof Uint8Array ? '-' : item;
      results.push({ input, ...(await predictor.predict(item)) });
    }
  }
  await print(results, output, () =>
    table(
      ['Input', 'Prediction', 'Probabilities'],
      results.map((result) => [
        short(textOf(result.input), 60),
        short(textOf(result.prediction), 200),
        probabilities(result),
      ]),
    ),
  );
}

async function predictCsv(
  predictor: Predictor,
  csv: string,
  { out, column, force }: PredictOptions,
): Promise<void> {
  const bar = new ProgressBar('score', formatBytes);
  try {
    const rows = await scoreCsv(predictor, {
      input: csv,
      output: out,
      column,
      overwrite: force === true,
      onProgress: (bytes, total) => bar.update(bytes, total),
    });
    bar.end();
    // Not among the rows.
    if (out !== undefined) process.stderr.write(`${rows} rows scored to ${out}.\n`);
  } finally {
    bar.end();
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : toJson(value, 0);
}

function short(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/** Of many classes the most likely ones. */
const SHOWN = 5;

function probabilities({ probabilities: values, classes }: Scored): string {
  if (!Array.isArray(values)) return values === undefined ? '' : numberText(values);
  if (values.some((value) => typeof value !== 'number')) return '(see -o json)';
  const named = values.map((value, i) => ({ value: value as number, name: classes?.[i] }));
  const order = classes ? named.toSorted((a, b) => b.value - a.value) : named;
  const texts = order
    .slice(0, SHOWN)
    .map(({ value, name }) =>
      name === undefined ? numberText(value) : `${name} ${numberText(value)}`,
    );
  return texts.join(', ') + (order.length > SHOWN ? ', …' : '');
}

function numberText(value: unknown): string {
  return typeof value === 'number' ? value.toFixed(4) : String(value);
}
