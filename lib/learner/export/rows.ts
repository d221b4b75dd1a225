import { Tensor } from 'onnxruntime-common';
import { label } from '../fastai/tabular/row-decoder.js';
import type { LearnerFile } from '../fastai/learner-file.js';
import { RowEncoder } from '../fastai/tabular/row-encoder.js';
import { tableOfItem } from '../fastai/tabular/table.js';
import {
  readTabularRecord,
  type FillStep,
  type NormalizeStep,
  type TabularRecord,
} from '../fastai/tabular/tabular-record.js';
import { GraphBuilder } from '../onnx/graph-builder.js';
import type { Graph, Value } from '../onnx/graph.js';
import type { CapturedRun } from '../onnx/session/capture-graph.js';
import { plainWrapping, type Wrapping } from './wrapping.js';

const NAMES = new Map([
  ['x_cat', 'cat'],
  ['x_cont', 'cont'],
]);

/**
 * Rows: the inputs are codes of categories and raw numbers, from which FillMissing and Normalize
 * start.
 */
export function wrapRows(
  file: LearnerFile,
  graph: Graph,
  { normalize = true }: { normalize?: boolean },
): Wrapping {
  const { dataset, afterBatch } = file.dls;
  const record = readTabularRecord(dataset!, afterBatch);
  const hasOwnCode = record.steps.some(({ kind }) => kind === 'code');
  if (!normalize || hasOwnCode) return modelRows(record, graph, hasOwnCode && normalize);
  return new RowWrapping(record, graph).wrapping;
}

/** The codes and numbers that the model takes. */
function modelRows(record: TabularRecord, graph: Graph, refused: boolean): Wrapping {
  const encoder = new RowEncoder({ ...record, steps: known(record) });
  const facts = {
    cat: record.categories.map((name) => category(name, encoder)),
    cont: record.numbers,
    steps: known(record).flatMap((step) => (isNumeric(step) ? [describedStep(step)] : [])),
    inside: [],
  };
  const builder = new GraphBuilder('rows');
  for (const { name, dtype, shape } of graph.inputs) {
    const isCodes = dtype === 'int32';
    const value = builder.input(`given.${name}`, isCodes ? 'int64' : dtype, shape ?? []);
    builder.output(name, isCodes ? builder.op('Cast', [value], { to: 'int32' }) : value);
  }
  const plain = plainWrapping(
    NAMES,
    facts,
    refused
      ? [
          "Rows are the model's own inputs: the learner's own code prepares them, and no " +
            'graph holds it.',
        ]
      : [],
  );
  return {
    ...plain,
    before: builder.finish(),
    inputs: new Map(graph.inputs.map(({ name }) => [`given.${name}`, NAMES.get(name) ?? name])),
    feeds: (run, item) => {
      const feeds = plain.feeds(run, item);
      return Object.fromEntries(
        Object.entries(feeds).map(([name, value]) => [
          name,
          value.type === 'int32' ? asInt64(value) : value,
        ]),
      );
    },
  };
}

/** FillMissing and Normalize as a graph, in float64 as in pandas. */
class RowWrapping {
  readonly #encoder: RowEncoder;
  /** Columns of codes that a row brings; FillMissing makes the others. */
  readonly #given: readonly string[];
  readonly #steps: readonly (FillStep | NormalizeStep)[];

  constructor(
    private readonly record: TabularRecord,
    private readonly graph: Graph,
  ) {
    this.#encoder = new RowEncoder(record);
    this.#given = record.categories.filter((name) => !this.#encoder.isMade(name));
    this.#steps = record.steps.filter(isNumeric);
  }

  get wrapping(): Wrapping {
    const { numbers } = this.record;
    return {
      before: this.#before(),
      feeds: (run, item) => this.#feeds(run, item),
      preprocessing: {
        cat: this.#given.map((name) => category(name, this.#encoder)),
        cont: numbers,
        missing: 'NaN in cont; the code 0 in cat',
        steps: [],
        inside: this.#steps.map(describedStep),
      },
    };
  }

  #before(): Graph {
    const { categories, numbers } = this.record;
    const builder = new GraphBuilder('rows');
    const batch = this.graph.inputs[0]?.shape?.[0] ?? 'batch';
    const takes = (name: string): boolean => this.graph.inputs.some((input) => input.name === name);
    const codes =
      this.#given.length > 0
        ? builder.op('Cast', [builder.input('cat', 'int64', [batch, this.#given.length])], {
            to: 'int32',
          })
        : undefined;
    const needsNumbers = takes('x_cont') || categories.length > this.#given.length;
    const start = needsNumbers
      ? builder.input('cont', 'float64', [batch, numbers.length])
      : undefined;
    const { values, gaps } = start
      ? this.#numbers(builder, start)
      : { values: undefined, gaps: undefined };
    if (takes('x_cat')) builder.output('x_cat', this.#codes(builder, codes, gaps));
    if (takes('x_cont') && values) {
      builder.output('x_cont', builder.op('Cast', [values], { to: 'float32' }));
    }
    return builder.finish();
  }

  /** Where numbers were missing when FillMissing saw them, and what replaces them. */
  #numbers(builder: GraphBuilder, start: Value): { values: Value; gaps: Value | undefined } {
    const { numbers } = this.record;
    const vector = (of: (name: string) => number | undefined): Value =>
      builder.constant(
        Float64Array.from(numbers, (name) => of(name) ?? NaN),
        'float64',
        [1, numbers.length],
      );
    let values = start;
    let gaps: Value | undefined;
    for (const step of this.#steps) {
      if (step.kind === 'fill') {
        const missing = builder.op('IsNaN', [values]);
        gaps = missing;
        values = builder.op('Where', [missing, vector((name) => step.values.get(name)), values]);
      } else {
        const centred = builder.op('Sub', [values, vector((name) => step.means.get(name))]);
        values = builder.op('Div', [centred, vector((name) => step.stds.get(name))]);
      }
    }
    return { values, gaps };
  }

  /** The given codes and those of missing values, in the order of the model's columns. */
  #codes(builder: GraphBuilder, given: Value | undefined, gaps: Value | undefined): Value {
    const { categories, numbers } = this.record;
    if (given && this.#given.length === categories.length) return given;
    const flag = (value: boolean, otherwise: number): Value =>
      builder.constant(
        Int32Array.from(numbers, (name) => {
          const index = this.#encoder.index(`${name}_na`);
          return index ? (index.codeOf(value) ?? 0) : otherwise;
        }),
        'int32',
        [1, numbers.length],
      );
    const flags = builder.op('Where', [gaps!, flag(true, 1), flag(false, 0)]);
    const all = given ? builder.op('Concat', [given, flags], { axis: 1 }) : flags;
    const order = categories.map((name) => {
      const place = this.#given.indexOf(name);
      if (place >= 0) return place;
      return this.#given.length + numbers.indexOf(name.slice(0, -'_na'.length));
    });
    return builder.op('Gather', [all, builder.axes(...order)], { axis: 1 });
  }

  #feeds({ feeds }: CapturedRun, item: unknown): Readonly<Record<string, Tensor>> {
    const { categories, numbers } = this.record;
    const table = tableOfItem(item);
    const codes = (feeds['x_cat'] as Tensor | undefined)?.data as Int32Array | undefined;
    const given = this.#given.map((name) => BigInt(codes?.[categories.indexOf(name)] ?? 0));
    const values = numbers.map((name) => this.#encoder.numberOf(name, table));
    return {
      ...(given.length > 0 && {
        cat: new Tensor('int64', BigInt64Array.from(given), [1, given.length]),
      }),
      ...(values.length > 0 && {
        cont: new Tensor('float64', Float64Array.from(values), [1, values.length]),
      }),
    };
  }
}

function asInt64({ data, dims }: Tensor): Tensor {
  return new Tensor('int64', BigInt64Array.from(data as Int32Array, BigInt), dims);
}

const isNumeric = (step: TabularRecord['steps'][number]): step is FillStep | NormalizeStep =>
  step.kind === 'fill' || step.kind === 'normalize';

const known = ({ steps }: TabularRecord) => steps.filter(({ kind }) => kind !== 'code');

/** A column and the value of each of its codes; code 0 stands for a missing or unknown value. */
function category(name: string, encoder: RowEncoder) {
  const index = encoder.index(name);
  return {
    name,
    ...(index && { classes: ['#na#', ...index.classes.slice(1).map((value) => label(value))] }),
  };
}

function describedStep(step: FillStep | NormalizeStep) {
  return step.kind === 'fill'
    ? { kind: 'FillMissing', values: Object.fromEntries(step.values), add_col: step.addColumns }
    : {
        kind: 'Normalize',
        means: Object.fromEntries(step.means),
        stds: Object.fromEntries(step.stds),
      };
}
