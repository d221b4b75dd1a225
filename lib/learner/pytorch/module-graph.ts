import { lowerModel, quantizeGraph, type LoweredModel, type OnnxSession } from '../onnx/index.js';
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
    const { specsFor: _, ...plan } = planModule(module, options.inputs);
    const int8 = options.precision === 'int8';
    const [first] = plan.inputs;
    const rank = first?.dims.length ?? 0;
    const lower = (of: Module, forRank: number): LoweredModel => {
      const inputs = planModule(of, options.inputs).specsFor(forRank);
      return lowerModel(of, { ...(inputs && { inputs }), skipsChunks: !int8 });
    };
    const { cacheFolder: folder } = options;
    const fingerprint = folder === undefined ? '' : torchFile.fingerprint();
    const create = async ({ graph }: LoweredModel, forRank: number): Promise<OnnxSession> => {
      const kind = int8 ? 'int8' : 'lowered';
      const place = folder !== undefined && {
        folder,
        name: keptName(kind, fingerprint, options.inputs ?? null, forRank),
      };
      const make = () => ({ model: int8 ? quantizeGraph(graph) : graph, facts: null });
      return (await guarded(() => keptSession(place, make, sessionOptions))).session;
    };
    const lowered = lower(module, rank);
    const sessions = new Map([[rank, Promise.resolve(await create(lowered, rank))]]);
    const again = (other: number): Promise<OnnxSession> => {
      // The file is closed by now, and rarely needed again.
      const file = openModuleFile(source);
      return create(lower(file.module, other), other).finally(() => file.torchFile.close());
    };
    return {
      className: module.className,
      plan: int8 && plan.text ? { ...plan, text: { ...plan.text, noPadAtChunkStart: true } } : plan,
      outputs: lowered.outputs.map(({ name }) => name),
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
