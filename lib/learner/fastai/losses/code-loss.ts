import { Tensor } from 'onnxruntime-common';
import type { Program } from '../../onnx/tracing/program.js';
import { TensorFunction } from '../../onnx/tracing/tensor-function.js';
import { UnsupportedCodeError } from '../../python/errors.js';
import { BoundMethod, type Value } from '../../python/values.js';
import { isNameAlone } from '../code/own-program.js';
import { joinTensors, rowsOf } from '../data/tensor-rows.js';
import { UnknownLossError } from '../errors.js';
import { unchanged } from './activations.js';
import type { Loss } from './loss.js';
import { directly } from './loss-classes.js';

type Step = (tensor: Tensor) => Tensor | Promise<Tensor>;

/**
 * The user's own loss: its `activation` and `decodes`, from its class or from the fastai class that
 * it extends. If it has neither, outputs pass unchanged, as in fastai.
 *
 * @param loss The loss as a value of the program.
 * @throws UnknownLossError if only the name of its class is known
 */
export function codeLoss(program: Program, loss: Value, name: string, threads: number): Loss {
  const { evaluator } = program;
  if (isNameAlone(loss)) throw new UnknownLossError(name);
  const functions: TensorFunction[] = [];
  const step = (method: 'activation' | 'decodes'): { run: Step; threshold?: number } => {
    evaluator.renew();
    const found = attribute(program, loss, method, name);
    if (found === undefined) return { run: unchanged };
    const own = found instanceof BoundMethod && found.self === loss ? found.func : found;
    const direct = directly(evaluator, own, loss);
    if (direct) {
      const threshold = method === 'decodes' && evaluator.findAttr(loss, 'thresh');
      return { run: direct, ...(typeof threshold === 'number' && { threshold }) };
    }
    const code = new TensorFunction(program, (ctx, inputs) => ctx.call(found, inputs), threads);
    functions.push(code);
    return { run: (tensor) => eachRow(tensor, code) };
  };
  const [activation, decodes] = [step('activation'), step('decodes')];
  return {
    activation: activation.run,
    decodes: decodes.run,
    ...(decodes.threshold !== undefined && { threshold: decodes.threshold }),
    release: async () => void (await Promise.all(functions.map((one) => one.release()))),
  };
}

/** Throws for an attribute of a class if only the class's name is known. */
function attribute(
  program: Program,
  loss: Value,
  name: string,
  lossName: string,
): Value | undefined {
  try {
    return program.evaluator.findAttr(loss, name);
  } catch (error) {
    if (error instanceof UnsupportedCodeError) throw new UnknownLossError(lossName);
    throw error;
  }
}

/** A row in a batch gives the same result as alone, whatever the code does. */
async function eachRow(tensor: Tensor, code: TensorFunction): Promise<Tensor> {
  const made: Tensor[] = [];
  for (const row of rowsOf(tensor)) made.push((await code.run([row]))[0]!);
  return joinTensors(made);
}
