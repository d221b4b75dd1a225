import { Tensor } from 'onnxruntime-common';
import type { LoweredModel } from '../../onnx/lowering/lower-model.js';
import type { ResultForm } from '../../onnx/lowering/result-form.js';
import type { ModelSession } from '../../onnx/session/model-session.js';
import { guarded } from '../../runtime/run-guard.js';
import type { Module } from '../../torch/module.js';
import type { LearnerOptions, OnFault, Results } from '../contract.js';
import { UnsupportedLearnerError } from '../errors.js';
import { outputOfClasses, type ExpectedModel } from '../foreign/expected-model.js';
import type { LearnerFile } from '../learner-file.js';
import { openModel, type HowToLower } from '../open-model.js';
import { resultsOf } from '../results/results.js';
import type { EncodedRows, RowEncoder } from './row-encoder.js';
import { refuseRow } from './table.js';
import type { TabularRecord } from './tabular-record.js';

/** Maps codes and numbers to the model's output. */
export class TabularModel {
  private constructor(
    private readonly session: ModelSession,
    private readonly inputs: readonly ModelInput[],
    /** How it returns its results. */
    readonly form: ResultForm,
    /** Sizes of one row of the output, if the model states them. */
    readonly rowShape: readonly number[],
    /** Columns with codes from outside: a code past the embedding would read other memory. */
    private readonly unchecked: readonly CodeLimit[],
  ) {}

  static async open(
    file: LearnerFile,
    record: TabularRecord,
    encoder: RowEncoder,
    options: LearnerOptions,
    classes: readonly string[] | undefined,
  ): Promise<TabularModel> {
    const {
      session,
      facts: limits = [],
      form,
    } = await openModel(
      file,
      options,
      async (model, how) => ({
        facts: codeLimits(model, record, encoder),
        ...(await lowerTabular(model, record, how)),
      }),
      expectedOf(record, classes),
    );
    try {
      const [output] = session.outputMetadata;
      const shape = output?.isTensor ? output.shape.slice(1) : [];
      return new TabularModel(
        session,
        readInputs(session, record),
        form,
        shape.map((size) => (typeof size === 'number' && size > 0 ? size : 1)),
        limits,
      );
    } catch (error) {
      await guarded(() => session.release());
      throw error;
    }
  }

  /** @param onFault Told of rows of the batch with other codes; by default the error is thrown. */
  async forward(batch: EncodedRows, onFault?: OnFault): Promise<Results> {
    this.#checkCodes(batch, onFault);
    const { rows } = batch;
    const feeds: Record<string, Tensor> = {};
    for (const { name, content, type } of this.inputs) {
      const data = content === 'codes' ? batch.codes : batch.numbers;
      const dims = [rows, data.length / rows];
      feeds[name] =
        type === 'int64'
          ? new Tensor('int64', BigInt64Array.from(batch.codes, BigInt), dims)
          : new Tensor(type as 'float32', data as Float32Array, dims);
    }
    const { session, form } = this;
    const names = form === 'tensor' ? session.outputNames.slice(0, 1) : session.outputNames;
    return resultsOf(await guarded(() => session.run(feeds, names)), names, form, rows);
  }

  release(): Promise<void> {
    return guarded(() => this.session.release());
  }

  #checkCodes({ codes, rows }: EncodedRows, onFault: OnFault | undefined): void {
    for (const { name, place, width, limit } of this.unchecked) {
      for (let row = 0; row < rows; row++) {
        const code = codes[row * width + place]!;
        if (code >= 0 && code < limit) continue;
        const fact = (): string =>
          `holds the code ${code}, but the model knows only 0 to ${limit - 1}`;
        const range = { start: 0, end: rows, onFault };
        refuseRow(name, row, range, fact, 'send a code from the training data');
        codes[row * width + place] = 0;
      }
    }
  }
}

interface CodeLimit {
  readonly name: string;
  readonly place: number;
  readonly width: number;
  readonly limit: number;
}

interface ModelInput {
  readonly name: string;
  readonly content: 'codes' | 'numbers';
  readonly type: 'int32' | 'int64' | 'float32';
}

function expectedOf(
  { categories, numbers }: TabularRecord,
  classes: readonly string[] | undefined,
): ExpectedModel {
  const codes = { dtypes: ['int32', 'int64'], sizes: [categories.length] };
  const values = { dtypes: ['float32'], sizes: [numbers.length] };
  return {
    inputs: [...(categories.length > 0 ? [codes] : []), ...(numbers.length > 0 ? [values] : [])],
    ...outputOfClasses(classes),
  };
}

async function lowerTabular(
  model: Module,
  record: TabularRecord,
  how: HowToLower,
): Promise<LoweredModel> {
  const { categories, numbers, withNumbers } = record;
  const [{ lowerModel }, { signatureOf }] = await Promise.all([
    import('../../onnx/lowering/lower-model.js'),
    import('../../onnx/lowering/registry.js'),
  ]);
  const codes = { name: 'x_cat', dtype: 'int32', dims: ['batch', categories.length] } as const;
  const values = { name: 'x_cont', dtype: 'float32', dims: ['batch', numbers.length] } as const;
  // fastai gives both to the model, even without columns. Its own models ignore the empty one.
  const isOwn = !signatureOf(model);
  const inputs = [
    ...(isOwn || categories.length > 0 ? [codes] : []),
    ...(withNumbers && (isOwn || numbers.length > 0) ? [values] : []),
  ];
  return lowerModel(model, { ...how, inputs, outputs: ['output'] });
}

/** The model's inputs by element type: integers are the codes. */
function readInputs(session: ModelSession, record: TabularRecord): ModelInput[] {
  return session.inputMetadata.map((input): ModelInput => {
    const type = input.isTensor ? input.type : 'sequence';
    if (type === 'int32' || type === 'int64') return { name: input.name, content: 'codes', type };
    if (type === 'float32') return { name: input.name, content: 'numbers', type };
    throw new UnsupportedLearnerError(
      `The model's input "${input.name}" is of type ${type}`,
      `export it with an int64 input of ${record.categories.length} codes and a float32 input of ${record.numbers.length} numbers`,
    );
  });
}

/** @throws UnsupportedLearnerError if a class has no row in its embedding. */
function codeLimits(
  model: Module,
  { categories }: TabularRecord,
  encoder: RowEncoder,
): CodeLimit[] {
  const sizes = embeddingSizes(model);
  return categories.flatMap((name, place) => {
    const [limit, count] = [sizes[place], encoder.index(name)?.size];
    if (limit === undefined) return [];
    if (count === undefined) return [{ name, place, width: categories.length, limit }];
    if (count <= limit) return [];
    throw new UnsupportedLearnerError(
      `The column "${name}" has ${count} classes, but its embedding has ${limit} rows`,
      'export the learner again: its classes do not match its model',
    );
  });
}

/** One per column of codes; undefined if the position of the embedding is unknown. */
function embeddingSizes(model: Module): (number | undefined)[] {
  const embeds = model.child('embeds');
  const modules = embeds
    ? [...embeds.children.values()]
    : [model.child('u_weight'), model.child('i_weight')];
  return modules.map((module) => module?.tensor('weight')?.shape[0]);
}
