import { createSession, openSession, type Graph, type OnnxSession } from '../onnx/index.js';
import { loadLowerings } from '../onnx/lowering/registry.js';
import { guarded } from '../runtime/run-guard.js';
import type { Module } from '../torch/module.js';
import type { LearnerOptions } from './contract.js';

/** A session for the learner's own model, lowered, or for the ONNX file that takes its place. */
export async function openModel<L extends { readonly graph: Graph }>(
  model: Module,
  { onnx, intraOpNumThreads = 1 }: LearnerOptions,
  lower: (model: Module) => L,
): Promise<{ session: OnnxSession; lowered?: L }> {
  if (onnx !== undefined) {
    return { session: await guarded(() => openSession(onnx, { intraOpNumThreads })) };
  }
  await loadLowerings(model);
  const lowered = lower(model);
  return {
    session: await guarded(() => createSession(lowered.graph, { intraOpNumThreads })),
    lowered,
  };
}
