import { PyObject, qualifiedNameOf } from '../../torch/index.js';
import type { LearnerOptions } from '../contract.js';
import type { LearnerFile } from '../learner-file.js';
import { knownLoss, namedLoss, type Loss } from './loss.js';

/**
 * What the learner's loss does at inference: the user's word for it, what its class is known for, or
 * what its own code says.
 *
 * @throws UnknownLossError
 */
export async function openLoss(
  file: Pick<LearnerFile, 'loss' | 'dls'>,
  options: LearnerOptions,
): Promise<Loss> {
  const { activation, intraOpNumThreads = 1 } = options;
  if (activation !== undefined) return namedLoss(activation, file);
  const known = knownLoss(file.loss);
  if (known || !(file.loss instanceof PyObject)) return known!;
  const [{ codeLoss }, { lossNames }, { ownProgram }, { holdTensors }] = await Promise.all([
    import('./code-loss.js'),
    import('./loss-classes.js'),
    import('../code/own-program.js'),
    import('../code/hold-tensors.js'),
  ]);
  const name = qualifiedNameOf(file.loss) ?? file.loss.className;
  const program = await ownProgram(options, (env) => [lossNames(env)]);
  const held = holdTensors([file.loss]);
  return { ...codeLoss(program, program.value(file.loss), name, intraOpNumThreads), held };
}
