import { appendFile, mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chainGraphs } from '../onnx/export/chain-graphs.js';
import { foreignOperators, operatorsBeyond, OPSETS } from '../onnx/export/opset.js';
import { Value, type Graph } from '../onnx/graph.js';
import { LOWERED_OPSET, metadataFields, writeModel } from '../onnx/proto/model-writer.js';
import { capturingGraphs, type CapturedGraph } from '../onnx/session/capture-graph.js';
import { writeChunks } from '../onnx/session/model-folder.js';
import { InputError } from '../errors/index.js';
import { packageVersion } from '../runtime/package-version.js';
import { checkExport, type Checked } from './compare.js';
import { ExportTargetError, UnexportableModelError } from './errors.js';
import type { ExportedModel, ExportedTensor, ExportOptions } from './options.js';
import type { OpenSubject, Seen, Subject } from './subject.js';

const MODEL_FILE = 'model.onnx';
const LABELS_FILE = 'labels.txt';
const VOCAB_FILE = 'vocab.txt';
/** A model in one piece is at most 2 GB, including its graph. */
const MOST_INSIDE = 1.9 * 2 ** 30;
/** Smaller tensors always stay in the model. */
const SMALLEST_OUTSIDE = 1024;

/** A written and checked export, in a temporary folder. */
export interface WrittenExport extends Omit<ExportedModel, 'path' | 'files'> {
  /** Holds the model, its data, and the lists of names. */
  readonly folder: string;
  /** Names of the files in the folder, the model first. */
  readonly names: readonly string[];
}

/**
 * Writes a model into a new folder in `parent`, which `use` takes over; otherwise it is removed.
 *
 * @throws UnexportableModelError, ExportMismatchError
 */
export async function withExport<T>(
  subject: Subject,
  parent: string,
  options: ExportOptions,
  use: (written: WrittenExport) => Promise<T>,
): Promise<T> {
  const opset = opsetOf(options);
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, '.vts-export-'));
  try {
    let seen: (Seen & { graph: Graph }) | undefined;
    const capture = {
      onGraph: async (captured: CapturedGraph): Promise<void> => {
        seen = await writeGraph(subject, captured, folder, opset, options);
      },
      onRun: (run: Seen['run']) => {
        if (seen) seen.run = run;
      },
    };
    const { open, checked, notes } = await capturingGraphs(capture, async () => {
      const open = await subject.open();
      try {
        const item = options.check === undefined ? open.sampleItem() : options.check;
        if (item === undefined) throw needsItem();
        const wanted = await open.ask(item).catch((error: unknown) => {
          // The learner may not take a made-up item.
          throw options.check === undefined && error instanceof InputError
            ? needsItem(error)
            : error;
        });
        if (!seen?.run) throw needsGraph();
        const { wrapping, outputs, run } = seen;
        const expected = Object.fromEntries(
          [...outputs].map(([own, given], i) => [
            given,
            i === 0 && wanted ? wanted : (run.outputs[own] as typeof wanted),
          ]),
        );
        const known = Object.entries(expected).filter(([, value]) => value !== undefined);
        const result = await checkExport(
          join(folder, MODEL_FILE),
          wrapping.feeds(run, item),
          Object.fromEntries(known) as never,
        );
        return { open, checked: result, notes: [...(wrapping.notes ?? []), ...brokenLines(open)] };
      } finally {
        await open.release();
      }
    });
    const facts = described(seen!, open, opset, checked, options);
    await appendFile(join(folder, MODEL_FILE), metadataFields(facts.metadata));
    const names = await sidecars(folder, open);
    return await use({ ...facts, folder, names, notes, difference: checked.difference });
  } finally {
    await subject.release();
    await rm(folder, { recursive: true, force: true });
  }
}

function opsetOf({ opset = LOWERED_OPSET }: ExportOptions): number {
  const { least, most } = OPSETS;
  if (Number.isInteger(opset) && opset >= least && opset <= most) return opset;
  throw new UnexportableModelError(
    `The opset ${opset} is outside the range ${least} to ${most}`,
    `Give a whole number from ${least} to ${most}; graphs are made in ${LOWERED_OPSET}`,
  );
}

/** The file's weights can be read now. */
async function writeGraph(
  subject: Subject,
  captured: CapturedGraph,
  folder: string,
  opset: number,
  { externalDataFrom = MOST_INSIDE }: ExportOptions,
): Promise<Seen & { graph: Graph }> {
  refuseGraph(captured);
  const wrapping = subject.wrap(captured);
  const activation = await subject.activation(captured);
  const chain = [wrapping.before, captured.graph, activation.after].filter(
    (graph) => graph !== undefined,
  );
  const given = subject.outputName(activation);
  const own = chain.at(-1)!.outputs.map(({ name }) => name);
  const outputs = new Map([
    ...(wrapping.outputs ?? []),
    ...(given === undefined ? [] : ([[own[0]!, given]] as const)),
  ]);
  const chained = chainGraphs(captured.graph.name, chain, {
    ...(wrapping.inputs && { inputs: wrapping.inputs }),
    outputs,
  });
  const graph = subject.rowsFirst ? withBatch(chained) : chained;
  const beyond = operatorsBeyond(graph, opset);
  if (beyond.length > 0) {
    throw new UnexportableModelError(
      `The model has operators that opset ${opset} lacks or defines differently: ` +
        `${beyond.slice(0, 10).join(', ')}`,
      `Export it with opset ${LOWERED_OPSET}`,
    );
  }
  const total = graph.initializers.reduce((sum, { data }) => sum + data.byteLength, 0);
  const { model, externalData } = writeModel(
    graph,
    total >= externalDataFrom ? { externalDataThreshold: SMALLEST_OUTSIDE } : {},
    { opset, producerVersion: packageVersion() },
  );
  const path = join(folder, MODEL_FILE);
  // A second graph exists if the item needs another one than expected.
  await rm(path, { force: true });
  await writeChunks(path, [model]);
  if (externalData) {
    await rm(join(folder, externalData.location), { force: true });
    await writeChunks(join(folder, externalData.location), externalData.chunks());
  }
  return {
    graph,
    wrapping,
    activation,
    // The model's own output is compared if nothing follows it.
    outputs: new Map(
      captured.graph.outputs.map(({ name }, i) => [name, graph.outputs[i]?.name ?? name]),
    ),
    run: undefined,
  };
}

/** The first output with the batch's name as its first size, which layers may have dropped. */
function withBatch(graph: Graph): Graph {
  const [first, ...others] = graph.outputs;
  const batch = graph.inputs[0]?.shape?.[0];
  if (!first?.shape || typeof batch !== 'string') return graph;
  const shape = [batch, ...first.shape.slice(1)];
  return { ...graph, outputs: [new Value(first.name, first.dtype, shape), ...others] };
}

function refuseGraph({ graph, isSized }: CapturedGraph): void {
  if (isSized) {
    throw new UnexportableModelError(
      "The model's code depends on the sizes of its inputs: each size needs its own graph, " +
        'and an ONNX file holds one graph',
      'Give all sizes of the inputs, or export the model in Python with torch.onnx.export for one size',
    );
  }
  const [foreign] = foreignOperators(graph);
  if (foreign === undefined) return;
  throw new UnexportableModelError(
    `The model has the operator ${foreign}, which is not part of ONNX`,
    'Load it without quantize',
  );
}

function needsItem(cause?: InputError): UnexportableModelError {
  const reason =
    cause === undefined
      ? 'only a row of the training data shows what the inputs are'
      : `the learner refuses the made-up item (${cause.message.replace(/\.$/, '')})`;
  return new UnexportableModelError(
    `The file cannot be checked without an item: ${reason}`,
    'Give one: --check INPUT, or { check: item }',
  );
}

const needsGraph = (): UnexportableModelError =>
  new UnexportableModelError(
    'The model runs without a single graph',
    'Export it in Python with torch.onnx.export',
  );

function described(
  { graph, wrapping, activation }: Seen & { graph: Graph },
  { facts, classes, tokens }: OpenSubject,
  opset: number,
  { batched, ranks }: Checked,
  { versions = {} }: ExportOptions,
): Pick<ExportedModel, 'opset' | 'inputs' | 'outputs' | 'batched' | 'metadata'> {
  const inputs = graph.inputs.map((value) => tensorOf(value));
  const outputs = graph.outputs.map((value) => tensorOf(value, ranks.get(value.name)));
  const plain: Record<string, unknown> = {
    producer: `nestjs-vts ${packageVersion() ?? ''}`.trim(),
    ...facts,
    ...(classes && { classes }),
    ...(tokens && { vocab: tokens }),
    activation: activation.name,
    preprocessing: wrapping.preprocessing,
    versions,
    batched,
    inputs,
    outputs,
  };
  const metadata = Object.fromEntries(
    Object.entries(plain)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
  return { opset, inputs, outputs, batched, metadata };
}

/** @param rank As observed, if the graph does not say. */
function tensorOf({ name, dtype, shape }: Value, rank = 0): ExportedTensor {
  return { name, dtype, shape: shape ?? Array.from({ length: rank }, () => null) };
}

/** Names of classes and tokens, one a line, as Triton and other programs read them. */
async function sidecars(folder: string, { classes, tokens }: OpenSubject): Promise<string[]> {
  const data = await stat(join(folder, `${MODEL_FILE}.data`)).catch(() => undefined);
  const lists = [
    [LABELS_FILE, classes],
    [VOCAB_FILE, tokens],
  ] as const;
  const names = [MODEL_FILE, ...(data ? [`${MODEL_FILE}.data`] : [])];
  for (const [name, list] of lists) {
    if (!list) continue;
    await writeFile(join(folder, name), list.map((line) => `${oneLine(line)}\n`).join(''));
    names.push(name);
  }
  return names;
}

const oneLine = (text: string): string => text.replaceAll(/[\r\n]/g, ' ');

/** Characters that a list of lines cannot hold. */
function brokenLines({ classes = [], tokens = [] }: OpenSubject): string[] {
  const lists = [
    [LABELS_FILE, 'classes', classes],
    [VOCAB_FILE, 'tokens', tokens],
  ] as const;
  return lists.flatMap(([file, what, list]) => {
    const broken = list.filter((text) => /[\r\n]/.test(text)).length;
    return broken === 0
      ? []
      : [
          `${file} has spaces instead of line breaks in ${what} (${broken}); the metadata ` +
            'keeps the line breaks.',
        ];
  });
}

/**
 * Moves files into their folder, the model last: whoever sees the model also finds the other files.
 *
 * @throws ExportTargetError if a file exists and must not be replaced.
 */
export async function place(
  { folder, names }: WrittenExport,
  target: string,
  { overwrite = false }: ExportOptions,
): Promise<string[]> {
  await mkdir(target, { recursive: true });
  if (!overwrite) {
    for (const name of names) await refuseExisting(join(target, name));
  }
  const placed: string[] = [];
  for (const name of names.toReversed()) {
    await rename(join(folder, name), join(target, name));
    placed.unshift(join(target, name));
  }
  return placed;
}

/** @throws ExportTargetError */
export async function refuseExisting(path: string): Promise<void> {
  if ((await stat(path).catch(() => undefined)) === undefined) return;
  throw new ExportTargetError(path, 'already exists', 'Choose another folder, or overwrite it');
}
