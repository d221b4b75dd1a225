import { NotALearnerError } from '../../learner/fastai/errors.js';
import { learnerOptionsOf, type LearnerFlags } from '../learner-options.js';
import type { StoreOptions } from '../options.js';
import { withProgress, withWait } from '../output/status.js';
import { checkApplicable, checkTogether, type PredictOptions } from '../predict/given-options.js';
import type { Predictor } from '../predict/predictor.js';
import type { Source } from '../source/source.js';
import { withSource } from '../source/with-source.js';

// The engine loads only after the options are checked, so that an error comes at once.
export async function predict(
  target: string,
  inputs: readonly string[],
  options: StoreOptions & PredictOptions & LearnerFlags,
): Promise<void> {
  checkTogether(inputs, options);
  await withSource(target, options, async (source) => {
    const predictor = await withWait(`loading ${target}`, () => open(source, options));
    try {
      checkApplicable(predictor.description, options);
      if (options.csv === undefined) {
        const { predictInputs } = await import('../predict/predict-inputs.js');
        await predictInputs(predictor, inputs, options);
      } else {
        await predictCsv(predictor, options.csv, options);
      }
    } finally {
      await predictor.release();
    }
  });
}

async function predictCsv(
  predictor: Predictor,
  csv: string,
  { out, column, force = false }: PredictOptions,
): Promise<void> {
  const { scoreCsv } = await import('../predict/score-csv.js');
  const score = (onProgress: (bytes: number, total: number) => void): Promise<number> =>
    scoreCsv(predictor, { input: csv, output: out, column, overwrite: force, onProgress });
  // Rows on a terminal already show progress, and a status line would break them.
  const showsRows = out === undefined && process.stdout.isTTY;
  const rows = await (showsRows ? score(() => undefined) : withProgress('scoring', score));
  // So that it does not appear among the rows.
  if (out !== undefined) process.stderr.write(`${rows} rows scored to ${out}.\n`);
}

async function open(
  { file, model, name, versions, load: kept }: Source,
  options: PredictOptions & LearnerFlags,
): Promise<Predictor> {
  const load = { ...kept, ...learnerOptionsOf(options) };
  const [{ FASTAI }, { openPredictor }, { isOnnx }] = await Promise.all([
    import('../../serving/models/fastai/rules.js'),
    import('../predict/predictor.js'),
    import('../../learner/pytorch/index.js'),
  ]);
  if (model ? FASTAI.modules.includes(model.info.module) : !isOnnx(file)) {
    try {
      return await openPredictor(file, options, load);
    } catch (error) {
      if (model || !(error instanceof NotALearnerError)) throw error;
    }
  }
  // Options that a model without a learner cannot use are refused before it is opened.
  checkApplicable(undefined, options);
  const [{ openModulePredictor }, { PrivateStore }] = await Promise.all([
    import('../predict/module-predictor.js'),
    import('../serve/private-store.js'),
  ]);
  const stored = model ?? (await (await PrivateStore.create()).addFile(name, file, versions, load));
  return openModulePredictor(stored);
}
