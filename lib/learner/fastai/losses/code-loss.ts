import { Tensor } from 'onnxruntime-common';
import type { Program } from '../../onnx/tracing/program.js';
import { UnsupportedCodeError } from '../../python/errors.js';
import { BoundMethod, type Value } from '../../python/values.js';
import { isNameAlone } from '../code/own-program.js';
import { UnknownLossError } from '../errors.js';
import { onlyResult, type Given } from '../results/results.js';
import { unchanged } from './activations.js';
import type { Loss } from './loss.js';
import { directly } from './loss-classes.js';
import { ResultFunction } from './result-function.js';

interface Step {
  run(this: void, tensor: Tensor): Tensor | Promise<Tensor>;
  readonly threshold?: number;
  /** The user's own code. */
  code?(this: void, given: Given): Promise<Given>;
}

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
  const functions: ResultFunction[] = [];
  const step = (method: 'activation' | 'decodes'): Step => {
    evaluator.renew();
    const found = attribute(program, loss, method, name);
    if (found === undefined) return { run: unchanged };
    const bound = found instanceof BoundMethod && found.self === loss ? found.func : found;
    const direct = directly(evaluator, bound, loss);
    if (direct) {
      const threshold = method === 'decodes' && evaluator.findAttr(loss, 'thresh');
      return { run: direct, ...(typeof threshold === 'number' && { threshold }) };
    }
    const own = new ResultFunction(program, found, threads);
    functions.push(own);
    return {
      run: async (tensor) =>
        onlyResult((await own.run({ results: tensor, form: 'tensor' })).results),
      code: (given) => own.run(given),
    };
  };
  const [activation, decodes] = [step('activation'), step('decodes')];
  return {
    activation: activation.run,
    decodes: decodes.run,
    ...(decodes.threshold !== undefined && { threshold: decodes.threshold }),
    code: {
      ...(activation.code && { activation: activation.code }),
      ...(decodes.code && { decodes: decodes.code }),
    },
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
