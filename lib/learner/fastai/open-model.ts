import type { Graph } from '../onnx/graph.js';
import type { LowerOptions } from '../onnx/lowering/lower-model.js';
import type { ModelSession } from '../onnx/session/model-session.js';
import { openSizedModel, type LowerFor } from '../onnx/session/open-sized.js';
import type { SessionOptions } from '../onnx/session/create-session.js';
import { keptName } from '../onnx/session/kept-model.js';
import { readSources } from '../onnx/tracing/read-sources.js';
import type { LearnerOptions } from './contract.js';
import { NothingToQuantizeError, UnsupportedLearnerError } from './errors.js';
import type { ExpectedModel } from './foreign/expected-model.js';
import type { LearnerFile } from './learner-file.js';

/** How to lower a model for a session of its kind. */
export type HowToLower = Pick<LowerOptions, 'skipsChunks' | 'sizes' | 'sources'>;

/**
 * The learner's model: its session and the data from `lower`; a foreign ONNX file has no such data.
 */
export interface OpenedModel<Facts> {
  readonly session: ModelSession;
  readonly facts?: Facts;
}

/**
 * A session for the learner's own model, lowered, or for the ONNX file that replaces it.
 *
 * @param lower Returns the graph, and plain data for the caller. It runs only if no cache folder
 * has both, so a cached model does not load the lowering code.
 * @param expected The requirements on an ONNX file that replaces the model.
 */
export async function openModel<Facts>(
  file: LearnerFile,
  options: LearnerOptions,
  lower: (model: LearnerFile['model'], how: HowToLower) => Promise<LoweredWith<Facts>>,
  expected?: ExpectedModel,
): Promise<OpenedModel<Facts>> {
  const { onnx, intraOpNumThreads = 1, quantize, cacheFolder } = options;
  const int8 = quantize === 'int8';
  const sessionOptions: SessionOptions = { intraOpNumThreads, ...(int8 && { exactInt8: true }) };
  if (onnx !== undefined) {
    const { openForeign } = await import('./foreign/open-foreign.js');
    return { session: await openForeign(onnx, options, sessionOptions, expected) };
  }
  const sources = await readSources(options.code);
  const lowerOf =
    (model: LearnerFile['model']): LowerFor<Facts> =>
    async (sizes) => {
      const { graph, facts } = await lower(model, {
        skipsChunks: !int8,
        ...(sizes && { sizes }),
        ...(sources && { sources }),
      });
      return { graph: int8 ? await quantized(graph) : graph, facts };
    };
  const kept = cacheFolder !== undefined && {
    folder: cacheFolder,
    name: keptName(
      quantize ?? 'lowered',
      file.torchFile.fingerprint(),
      ...(sources ? [sources.fingerprint] : []),
    ),
  };
  return openSizedModel({
    place: kept,
    options: sessionOptions,
    hasOwnCode: async () => {
      const { hasOwnCode, loadLowerings } = await import('../onnx/lowering/registry.js');
      await loadLowerings(file.model, sources !== undefined);
      return hasOwnCode(file.model, sources !== undefined);
    },
    lower: lowerOf(file.model),
    reopened: async (build) => {
      const { openLearnerFile } = await import('./learner-file.js');
      const { loadLowerings } = await import('../onnx/lowering/registry.js');
      const again = openLearnerFile(file.source);
      try {
        await loadLowerings(again.model, sources !== undefined);
        return await build(lowerOf(again.model));
      } finally {
        again.torchFile.close();
      }
    },
  });
}

/** A graph with one result. @throws UnsupportedLearnerError if the model gives several. */
export function oneResult({ graph }: { readonly graph: Graph }): Graph {
  const { length } = graph.outputs;
  if (length === 1) return graph;
  throw new UnsupportedLearnerError(
    `The learner's model gives ${length} results, but a learner's prediction has one`,
    'save the model with pytorch.saveModel(name, learner.model), whose runner gives all of them, or ' +
      'let its forward return one tensor',
  );
}

interface LoweredWith<Facts> {
  readonly graph: Graph;
  /** The cache may keep them as JSON. */
  readonly facts: Facts;
}

async function quantized(graph: Graph): Promise<Graph> {
  const { quantizeGraph } = await import('../onnx/quantize/quantize-graph.js');
  const result = quantizeGraph(graph);
  if (result.nodes.every((node, i) => node === graph.nodes[i])) throw new NothingToQuantizeError();
  return result;
}
