import type { LearnerOptions } from '../../learner/fastai/contract.js';
import { Comparison, type ComparisonReport, type Timed } from '../compare/comparison.js';
import type { ItemSource } from '../compare/compared-items.js';
import { CommandError, describeFailure } from '../errors.js';
import { learnerOptionsOf, type LearnerFlags } from '../learner-options.js';
import type { StoreOptions } from '../options.js';
import { print, toJson, type OutputFormat } from '../output/print.js';
import type { Screen } from '../output/screen.js';
import { withStatus, withWait } from '../output/status.js';
import { formatCount, listing } from '../output/table.js';
import type { Predictor } from '../predict/predictor.js';
import { withSource } from '../source/with-source.js';

export async function compare(
  target: string,
  inputs: readonly string[],
  options: StoreOptions &
    Omit<ItemSource, 'inputs'> &
    LearnerFlags &
    Pick<LearnerOptions, 'quantize' | 'decode'> & { readonly output: OutputFormat },
): Promise<void> {
  const { quantize, decode, data, column, limit, output } = options;
  if (quantize === undefined && decode === undefined) {
    throw new CommandError(
      'Nothing to compare with',
      'Give --quantize int8, or --decode scaled for images',
    );
  }
  if (inputs.length === 0 && data === undefined) {
    throw new CommandError('No input to predict from', 'Give inputs, or --data with a file');
  }
  if (column !== undefined && data === undefined) {
    throw new CommandError('--column does nothing without --data', 'Add --data, or omit --column');
  }
  await withSource(target, options, async ({ file, model, load: kept }) => {
    // Loaded only after the options are checked, so that an error comes at once.
    const [{ FASTAI }, { openCompared }] = await Promise.all([
      import('../../serving/models/fastai/rules.js'),
      import('../compare/open-compared.js'),
    ]);
    if (model && !FASTAI.modules.includes(model.info.module)) {
      throw new CommandError(
        `The model "${model.tag}" is not a fastai learner`,
        "Run it with runners of precision 'fp32' and 'int8'",
      );
    }
    const changes = { ...(quantize && { quantize }), ...(decode && { decode }) };
    const load = { ...kept, ...learnerOptionsOf(options) };
    const reference = await withWait(`loading ${target}`, () => openCompared(file, load));
    try {
      if (decode !== undefined && reference.kind !== 'vision') {
        throw new CommandError(
          `--decode is for images, but the learner has the kind "${reference.kind}"`,
          'Leave it out',
        );
      }
      const changed = await withWait(`loading ${target} with the changed options`, () =>
        openCompared(file, { ...load, ...changes }),
      );
      try {
        const source = { inputs, data, column, limit };
        const report = await comparePredictors(reference, changed, source);
        await print({ target, ...changes, ...report }, output, (screen) =>
          describeReport(report, screen),
        );
      } finally {
        await changed.release();
      }
    } finally {
      await reference.release();
    }
  });
}

async function comparePredictors(
  reference: Predictor,
  changed: Predictor,
  source: ItemSource,
): Promise<ComparisonReport> {
  const comparison = new Comparison();
  const { comparedItems } = await import('../compare/compared-items.js');
  let count = 0;
  await withStatus(async (show) => {
    for await (const item of comparedItems(reference, source)) {
      // The first run of a session prepares memory: it is not timed.
      if (count === 0) {
        await timed(reference, item, 1);
        await timed(changed, item, 1);
      }
      count++;
      // Alternately, because the second run benefits from warm processor caches.
      const swapped = count % 2 === 0;
      const first = await timed(swapped ? changed : reference, item, count);
      const second = await timed(swapped ? reference : changed, item, count);
      comparison.add(swapped ? second : first, swapped ? first : second);
      show(`compared ${formatCount(count)}`);
    }
  });
  if (count === 0) throw new CommandError('No items to compare', 'Give data with one row or more');
  return comparison.report();
}

async function timed(predictor: Predictor, item: unknown, place: number): Promise<Timed> {
  const start = performance.now();
  try {
    const scored = await predictor.predict(item);
    return { scored, ms: performance.now() - start };
  } catch (error) {
    throw new CommandError(
      `Item ${place} cannot be predicted: ${describeFailure(error).replace(/\.$/, '')}`,
      'Correct it, or remove it',
    );
  }
}

function describeReport(report: ComparisonReport, screen: Screen): string {
  const { items, equal, largestDifference, meanDifference, medianMs, speedup } = report;
  const [before, after] = medianMs;
  const rows: [string, string][] = [
    ['Items', formatCount(items)],
    ['Equal predictions', `${formatCount(equal)} (${((100 * equal) / items).toFixed(2)} %)`],
    ['Largest difference', numberText(largestDifference)],
    ['Mean difference', numberText(meanDifference)],
    ['Median time', `${before.toFixed(2)} ms, then ${after.toFixed(2)} ms`],
    ['Speed', `${speedup.toFixed(2)} times as fast`],
  ];
  return listing(rows, screen);
}

function numberText(value: number): string {
  return Number.isFinite(value) ? value.toPrecision(3) : toJson(String(value), 0);
}
