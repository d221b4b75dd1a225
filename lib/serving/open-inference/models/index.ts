import { methodsOfRunner } from '../../models/custom/definitions.js';
import type { LanguageModelRunner } from '../../models/fastai/types.js';
import { RunnerNotReadyError } from '../../runner/errors.js';
import type { RunnerHandle } from '../../runner/runner-types.js';
import type { ServedRunner } from '../contract.js';
import { ModelNotReadyError, ModelNotServableError } from '../errors.js';
import { languageModel } from './language-model.js';
import { learnerModel, type LearnerHandle } from './learner-model.js';
import { moduleModel, type ModuleHandle } from './module-model.js';
import { runnableModel } from './runnable-model.js';
import type { ServableLimits, ServableModel } from './servable.js';

/** How a runner is served, and the facts that this was built from. Other facts rebuild it. */
interface Made {
  readonly of: object;
  readonly model: ServableModel;
}

/**
 * The runners in the form that the protocol serves at this moment. Another version may replace one.
 */
export class ServableModels {
  readonly #made = new WeakMap<RunnerHandle, Made>();

  constructor(private readonly limits: ServableLimits) {}

  /** @throws ModelNotReadyError, ModelNotServableError */
  of(served: ServedRunner): ServableModel {
    try {
      return this.#of(served);
    } catch (error) {
      throw error instanceof RunnerNotReadyError ? new ModelNotReadyError(served.name) : error;
    }
  }

  #of(served: ServedRunner): ServableModel {
    const { limits } = this;
    const runner = served.runner as Partial<LearnerHandle & ModuleHandle>;
    const methods = methodsOfRunner(served.runner);
    if (methods) return this.#kept(served, methods, () => runnableModel(served, methods, limits));
    // A runner that has not loaded yet has only the members of its kind.
    const { inputs, outputs } = runner;
    if (Array.isArray(inputs) && outputs) {
      return this.#kept(served, outputs, () => moduleModel(served, runner as ModuleHandle, limits));
    }
    const { description } = runner;
    if (description) {
      return this.#kept(served, description, () =>
        description.kind === 'lm'
          ? languageModel(runner as unknown as LanguageModelRunner, limits)
          : learnerModel(served, runner as LearnerHandle, limits),
      );
    }
    throw new ModelNotServableError(
      served.name,
      'does not describe its inputs',
      'serve it with your own endpoint',
    );
  }

  #kept({ runner }: ServedRunner, of: object, make: () => ServableModel): ServableModel {
    const kept = this.#made.get(runner);
    if (kept?.of === of) return kept.model;
    const model = make();
    this.#made.set(runner, { of, model });
    return model;
  }
}
