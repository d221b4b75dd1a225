import type { Tensor } from 'onnxruntime-common';
import type { ResultForm } from '../../onnx/lowering/result-form.js';
import type { Program } from '../../onnx/tracing/program.js';
import { TensorFunction } from '../../onnx/tracing/tensor-function.js';
import { TensorValue } from '../../onnx/torch-ops/tensor-value.js';
import { put } from '../../python/builtins/dict-methods.js';
import type { Context } from '../../python/context.js';
import { Dict, List, Tuple, type Value } from '../../python/values.js';
import { joinTensors, rowsOf } from '../data/tensor-rows.js';
import { UnsupportedLearnerError } from '../errors.js';
import { tensorsOf, type Given } from '../results/results.js';

interface Compiled {
  readonly code: TensorFunction;
  /** The form of what it returns, known when it was traced. */
  form: ResultForm;
}

/** The user's own code on what a model returned: one tensor, or a tuple, list or dict of tensors. */
export class ResultFunction {
  readonly #byForm = new Map<string, Compiled>();

  constructor(
    private readonly program: Program,
    private readonly found: Value,
    private readonly threads: number,
  ) {}

  /** A row in a batch gives the same result as alone, whatever the code does. */
  async run({ results, form }: Given): Promise<Given> {
    const compiled = this.#for(form);
    const rows = tensorsOf(results).map(rowsOf);
    const made: Tensor[][] = [];
    for (let row = 0; row < rows[0]!.length; row++) {
      made.push(await compiled.code.run(rows.map((tensors) => tensors[row]!)));
    }
    const joined = made[0]!.map((_, at) => joinTensors(made.map((tensors) => tensors[at]!)));
    if (compiled.form === 'tensor') return { results: joined[0]!, form: 'tensor' };
    const lost = joined.findIndex(({ dims }) => dims[0] !== made.length);
    if (lost >= 0) {
      throw new UnsupportedLearnerError(
        `The loss of the learner returns a tensor of shape [${joined[lost]!.dims.join(', ')}] as ` +
          `result ${lost} of ${made.length} items`,
        'keep the first dimension of each result, as fastai needs it',
      );
    }
    return { results: joined, form: compiled.form };
  }

  async release(): Promise<void> {
    await Promise.all([...this.#byForm.values()].map(({ code }) => code.release()));
  }

  #for(form: ResultForm): Compiled {
    const key = JSON.stringify(form);
    const known = this.#byForm.get(key);
    if (known) return known;
    const call = (ctx: Context, inputs: readonly TensorValue[]): Value => {
      const made = ctx.call(this.found, [valueOf(ctx, form, [...inputs])]);
      const tensors: Value[] = [];
      compiled.form = formOf(ctx, made, tensors);
      return new Tuple(tensors);
    };
    const code = new TensorFunction(this.program, call, this.threads);
    const compiled: Compiled = { code, form: 'tensor' };
    this.#byForm.set(key, compiled);
    return compiled;
  }
}

/** The value of Python, made of the next tensors. */
function valueOf(ctx: Context, form: ResultForm, tensors: TensorValue[]): Value {
  if (form === 'tensor') return tensors.shift()!;
  const items = form.items.map((item) => valueOf(ctx, item, tensors));
  if (form.kind !== 'dict') return form.kind === 'list' ? new List(items) : new Tuple(items);
  const dict = new Dict();
  form.keys.forEach((key, at) => put(ctx, dict, key, items[at]!));
  return dict;
}

/** The form of a value of Python; adds its tensors to the list. */
function formOf(ctx: Context, value: Value, tensors: Value[]): ResultForm {
  if (value instanceof Dict) {
    const entries = [...value.entries.values()];
    const items = entries.map(([, item]) => formOf(ctx, item, tensors));
    return { kind: 'dict', keys: entries.map(([key]) => ctx.str(key)), items };
  }
  if (value instanceof Tuple || value instanceof List) {
    const items = value.items.map((item) => formOf(ctx, item, tensors));
    return { kind: value instanceof List ? 'list' : 'tuple', items };
  }
  tensors.push(value);
  return 'tensor';
}
