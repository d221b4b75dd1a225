import { NoRunnerError, type Model } from '../store/index.js';
import { FASTAI } from './fastai/rules.js';
import { createFastaiRunner } from './fastai/runner.js';
import { PYTORCH } from './pytorch/rules.js';
import { createPytorchRunner } from './pytorch/runner.js';
import type { RunnerHandle } from '../runner/runner-types.js';
import type { ModelRules } from './rules.js';

/** A kind of model: its rules in the store, and what runs it. */
interface ModelKind {
  readonly rules: ModelRules;
  createRunner(model: Model, options?: object): RunnerHandle;
}

const MODEL_KINDS: readonly ModelKind[] = [
  { rules: FASTAI, createRunner: createFastaiRunner },
  { rules: PYTORCH, createRunner: createPytorchRunner },
];

/** @throws NoRunnerError, and the errors of the kind's own runner. */
export function createRunner(model: Model, options?: object): RunnerHandle {
  const { module } = model.info;
  const kind = MODEL_KINDS.find(({ rules }) => rules.modules.includes(module));
  if (kind === undefined) throw new NoRunnerError(model.tag.toString(), module);
  return kind.createRunner(model, options);
}
