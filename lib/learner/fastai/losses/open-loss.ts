import { PyGlobal, PyObject, qualifiedNameOf } from '../../torch/index.js';
import type { LearnerOptions } from '../contract.js';
import { UnsupportedLearnerError } from '../errors.js';
import type { LearnerFile } from '../learner-file.js';
import { knownLoss, namedLoss, type Loss } from './loss.js';

/**
 * The effect of the learner's loss at inference: from the user's option, its known class, or its
 * own code.
 *
 * @throws UnknownLossError
 */
export async function openLoss(
  file: Pick<LearnerFile, 'loss' | 'dls' | 'className'>,
  options: LearnerOptions,
): Promise<Loss> {
  refuseOwnPasses(file.className);
  const { activation, intraOpNumThreads = 1 } = options;
  if (activation !== undefined) return namedLoss(activation, file);
  const known = knownLoss(file.loss);
  // The notebook may have given its function an activation: `my_loss.activation = F.softmax`.
  const isNamed = file.loss instanceof PyGlobal && options.code !== undefined;
  if ((known && !isNamed) || !(file.loss instanceof PyObject || isNamed)) return known!;
  const [{ codeLoss }, { lossNames }, { ownProgram }, { holdTensors }, { Func }] =
    await Promise.all([
      import('./code-loss.js'),
      import('./loss-classes.js'),
      import('../code/own-program.js'),
      import('../code/hold-tensors.js'),
      import('../../python/values.js'),
    ]);
  const { loss } = file;
  const name = qualifiedNameOf(loss) ?? (loss instanceof PyObject ? loss.className : '');
  const program = await ownProgram(options, (env) => [lossNames(env)]);
  if (known && !(program.value(file.loss) instanceof Func)) return known;
  const held = holdTensors([file.loss]);
  return { ...codeLoss(program, program.value(file.loss), name, intraOpNumThreads), held };
}

/** Classes of learners that predict in their own way. */
const OWN_PASSES = /^semtorch\..*\.(USquaredNetLearner|MaskRCNNLearner)$/;

/** @throws UnsupportedLearnerError */
function refuseOwnPasses(className: string): void {
  if (!OWN_PASSES.test(className)) return;
  throw new UnsupportedLearnerError(
    `The learner is a "${className}", which turns the model's outputs into predictions in ` +
      'its own way',
    'export its model in Python with torch.onnx.export, and serve that with a custom runner',
  );
}
