import { FASTAI } from '../../serving/models/fastai/rules.js';
import { CommandError } from '../errors.js';
import type { StoreOptions } from '../options.js';
import { print, toJson, type OutputFormat } from '../output/print.js';
import { withProgress } from '../output/status.js';
import { table } from '../output/table.js';
import { itemsOf } from '../predict/items.js';
import { openPredictor, type GenerateSettings, type Predictor } from '../predict/predictor.js';
import { scoreCsv } from '../predict/score-csv.js';
import type { Scored } from '../predict/scored.js';
import { resolveTarget } from '../target.js';

export async function predict(
  target: string,
  inputs: readonly string[],
  options: StoreOptions &
    GenerateSettings & {
      readonly output: OutputFormat;
      readonly csv?: string;
      readonly out?: string;
      readonly column?: string;
      readonly force?: boolean;
    },
): Promise<void> {
  const { csv, out, column, force } = options;
  if ((csv === undefined) === (inputs.length === 0)) {
    throw new CommandError(
      inputs.length === 0 ? 'No input to predict from' : 'Inputs and --csv cannot be combined',
      'Give inputs (- reads stdin), or --csv with a file',
    );
  }
  const { file, model } = await resolveTarget(target, options);
  const predictor =
    model && !FASTAI.modules.includes(model.info.module)
      ? await (await import('../predict/module-predictor.js')).openModulePredictor(model)
      : await openPredictor(file, options);
  try {
    if (csv === undefined) return await predictInputs(predictor, inputs, options.output);
    const rows = await withProgress('score', (onProgress) =>
      scoreCsv(predictor, {
        input: csv,
        output: out,
        column,
        overwrite: force === true,
        onProgress,
      }),
    );
    // Not among the rows.
    if (out !== undefined) process.stderr.write(`${rows} rows scored to ${out}.\n`);
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

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : toJson(value, 0);
}

function short(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

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
