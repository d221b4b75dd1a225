import type { Graph } from '../onnx/graph.js';
import type { LoweredModel, LowerOptions } from '../onnx/lowering/lower-model.js';
import type { ResultForm } from '../onnx/lowering/result-form.js';
import type { ModelSession } from '../onnx/session/model-session.js';
import { openSizedModel, type LowerFor } from '../onnx/session/open-sized.js';
import type { SessionOptions } from '../onnx/session/create-session.js';
import { keptName } from '../onnx/session/kept-model.js';
import { readSources } from '../onnx/tracing/read-sources.js';
import type { LearnerOptions } from './contract.js';
import { NothingToQuantizeError } from './errors.js';
import type { ExpectedModel } from './foreign/expected-model.js';
import type { LearnerFile } from './learner-file.js';

/** How to lower a model for a session of its kind. */
export type HowToLower = Pick<LowerOptions, 'skipsChunks' | 'sizes' | 'sources' | 'resets'>;

/**
 * The learner's model: its session and the data from `lower`; a foreign ONNX file has no such data.
 */
export interface OpenedModel<Facts> {
  readonly session: ModelSession;
  readonly facts?: Facts;
  /** How the model returns its results. */
  readonly form: ResultForm;
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
    const session = await openForeign(
      onnx,
      options,
      sessionOptions,
      expected,
      file.dls.targets.length,
    );
    return { session, form: formOf(session.outputNames.length) };
  }
  const sources = await readSources(options.code);
  const lowerOf =
    (model: LearnerFile['model']): LowerFor<Facts | SeveralFacts<Facts>> =>
    async (sizes) => {
      const { graph, facts, ...lowered } = await lower(model, {
        skipsChunks: !int8,
        resets: true,
        ...(sizes && { sizes }),
        ...(sources && { sources }),
      });
      const form = detuplified(lowered.form);
      return {
        graph: int8 ? await quantized(graph) : graph,
        facts: form === 'tensor' ? facts : { form, facts },
      };
    };
  const kept = cacheFolder !== undefined && {
    folder: cacheFolder,
    name: keptName(
      quantize ?? 'lowered',
      file.torchFile.fingerprint(),
      ...(sources ? [sources.fingerprint] : []),
    ),
  };
  const { session, facts } = await openSizedModel({
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
  return isOfSeveral(facts)
    ? { session, facts: facts.facts, form: facts.form }
    : { session, facts, form: 'tensor' };
}

/** The cached facts about a model of several results. */
interface SeveralFacts<Facts> {
  readonly form: Exclude<ResultForm, 'tensor'>;
  readonly facts: Facts;
}

function isOfSeveral<Facts>(facts: Facts | SeveralFacts<Facts>): facts is SeveralFacts<Facts> {
  return typeof facts === 'object' && facts !== null && 'form' in facts;
}

/** fastai's `detuplify`: a tuple of one result is that result. */
function detuplified(form: ResultForm = 'tensor'): ResultForm {
  const [only, ...others] = form === 'tensor' || form.kind === 'dict' ? [] : form.items;
  return only !== undefined && others.length === 0 ? only : form;
}

/** The form of a model that does not state it. */
export function formOf(results: number): ResultForm {
  if (results === 1) return 'tensor';
  return { kind: 'tuple', items: Array.from({ length: results }, () => 'tensor' as const) };
}

interface LoweredWith<Facts> extends Pick<LoweredModel, 'graph'> {
  /** @default one tensor */
  readonly form?: ResultForm;
  /** The cache may keep them as JSON. */
  readonly facts: Facts;
}

async function quantized(graph: Graph): Promise<Graph> {
  const { quantizeGraph } = await import('../onnx/quantize/quantize-graph.js');
  const result = quantizeGraph(graph);
  if (result.nodes.every((node, i) => node === graph.nodes[i])) throw new NothingToQuantizeError();
  return result;
}
