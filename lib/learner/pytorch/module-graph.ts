import { lowerModel, quantizeGraph, type OnnxSession } from '../onnx/index.js';
import { loadLowerings } from '../onnx/lowering/registry.js';
import { keptName, keptSession } from '../onnx/session/kept-model.js';
import type { Module } from '../torch/index.js';
import { guarded } from '../runtime/run-guard.js';
import { planModule } from './input-plan.js';
import { sessionOptionsOf, type ModelGraph, type TorchModelOptions } from './model-graph.js';
import { openModuleFile } from './open-module.js';

/** The graph of a torch module. */
export async function openModuleGraph(
  source: string | Uint8Array,
  options: TorchModelOptions,
): Promise<ModelGraph> {
  const sessionOptions = await sessionOptionsOf(options);
  const { module, torchFile } = openModuleFile(source);
  try {
    await loadLowerings(module);
    const { specsFor, ...plan } = planModule(module, options.inputs);
    const int8 = options.precision === 'int8';
    const [first] = plan.inputs;
    const rank = first?.dims.length ?? 0;
    const { cacheFolder: folder } = options;
    const fingerprint = folder === undefined ? '' : torchFile.fingerprint();
    const open = (of: Module, forRank: number) => {
      const place = folder !== undefined && {
        folder,
        name: keptName(int8 ? 'int8' : 'lowered', fingerprint, options.inputs ?? null, forRank),
      };
      const make = () => {
        const inputs = specsFor(forRank);
        const how = { ...(inputs && { inputs }), skipsChunks: !int8 };
        const { graph, outputs } = lowerModel(of, how);
        const names = outputs.map(({ name }) => name);
        return { model: int8 ? quantizeGraph(graph) : graph, facts: names };
      };
      return guarded(() => keptSession(place, make, sessionOptions));
    };
    const { session: own, facts: outputs } = await open(module, rank);
    const sessions = new Map([[rank, Promise.resolve(own)]]);
    const again = async (other: number): Promise<OnnxSession> => {
      // The file is closed by now, and rarely needed again.
      const file = openModuleFile(source);
      try {
        return (await open(file.module, other)).session;
      } finally {
        file.torchFile.close();
      }
    };
    return {
      className: module.className,
      plan: int8 && plan.text ? { ...plan, text: { ...plan.text, noPadAtChunkStart: true } } : plan,
      outputs,
      sessionFor(wanted) {
        const key = first?.tail === undefined ? rank : wanted;
        let session = sessions.get(key);
        if (!session) {
          session = again(key);
          sessions.set(key, session);
          session.catch(() => sessions.delete(key));
        }
        return session;
      },
      async release() {
        const open = await Promise.allSettled(sessions.values());
        for (const each of open) {
          if (each.status === 'fulfilled') await guarded(() => each.value.release());
        }
      },
    };
  } finally {
    torchFile.close();
  }
}
