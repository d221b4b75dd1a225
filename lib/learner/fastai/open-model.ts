import {
  createSession,
  openSession,
  quantizedSession,
  quantizeFile,
  quantizeGraph,
  type Graph,
  type LowerOptions,
  type OnnxSession,
  type SessionOptions,
} from '../onnx/index.js';
import { loadLowerings } from '../onnx/lowering/registry.js';
import { guarded } from '../runtime/run-guard.js';
import type { LearnerOptions } from './contract.js';
import { NothingToQuantizeError } from './errors.js';
import type { LearnerFile } from './learner-file.js';

/** How a model is lowered for a session of its kind. */
export type HowToLower = Pick<LowerOptions, 'skipsChunks'>;

/** A session for the learner's own model, lowered, or for the ONNX file that takes its place. */
export async function openModel<L extends { readonly graph: Graph }>(
  { model, source }: LearnerFile,
  options: LearnerOptions,
  lower: (model: LearnerFile['model'], how: HowToLower) => L,
): Promise<{ session: OnnxSession; lowered?: L }> {
  const { onnx, intraOpNumThreads = 1, quantize, cacheFolder } = options;
  const int8 = quantize === 'int8';
  const sessionOptions: SessionOptions = { intraOpNumThreads, ...(int8 && { exactInt8: true }) };
  if (onnx !== undefined) {
    return {
      session: await guarded(() =>
        int8 ? quantizedFile(onnx, cacheFolder, sessionOptions) : openSession(onnx, sessionOptions),
      ),
    };
  }
  await loadLowerings(model);
  const lowered = lower(model, { skipsChunks: !int8 });
  const session = await guarded(() =>
    int8
      ? quantizedSession(quantized(lowered.graph), [source], cacheFolder, sessionOptions)
      : createSession(lowered.graph, sessionOptions),
  );
  return { session, lowered };
}

function quantized(graph: Graph): Graph {
  const result = quantizeGraph(graph);
  if (result.nodes.every((node, i) => node === graph.nodes[i])) throw new NothingToQuantizeError();
  return result;
}

function quantizedFile(
  onnx: string | Uint8Array,
  cacheFolder: string | undefined,
  options: SessionOptions,
): Promise<OnnxSession> {
  const model = quantizeFile(onnx);
  if (!model) throw new NothingToQuantizeError();
  return quantizedSession(model, model.sources, cacheFolder, options);
}
