import { createRunner } from '../../serving/models/kinds.js';
import type { RunnerMethod } from '../../serving/runner/runner-types.js';
import type { Model } from '../../serving/store/index.js';
import { callMethod, moduleBody, outputOf } from '../../nest/served-model/module-body.js';
import type { Predictor } from './predictor.js';

/** A model without a learner, run as the service runs it; items are arrays as JSON. */
export async function openModulePredictor(model: Model): Promise<Predictor> {
  const { descriptor } = await moduleBody(model);
  const runner = createRunner(model, { workers: 1 });
  await runner.open();
  const call: RunnerMethod = runner.method(callMethod(model));
  return {
    kind: 'module',
    schema: undefined,
    predict: async (item) => {
      const tensors: unknown = await descriptor.parse({
        bytes: undefined,
        parsed: item,
        charset: undefined,
        mediaType: undefined,
      });
      return { prediction: outputOf(await call.run(tensors)) };
    },
    release: () => runner.close(),
  };
}
