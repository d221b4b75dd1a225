import {
  createSession,
  lowerModel,
  quantizedSession,
  quantizeGraph,
  type LoweredModel,
  type OnnxSession,
} from '../onnx/index.js';
import { loadLowerings } from '../onnx/lowering/registry.js';
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
    const create = ({ graph }: LoweredModel): Promise<OnnxSession> =>
      guarded(() =>
        int8
          ? quantizedSession(quantizeGraph(graph), [source], options.cacheFolder, sessionOptions)
          : createSession(graph, sessionOptions),
      );
    const lowered = lower(module, rank);
    const sessions = new Map([[rank, Promise.resolve(await create(lowered))]]);
    const again = (other: number): Promise<OnnxSession> => {
      // The file is closed by now, and rarely needed again.
      const file = openModuleFile(source);
      return create(lower(file.module, other)).finally(() => file.torchFile.close());
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
