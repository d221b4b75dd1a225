import { lowerModel, quantizeGraph, UnsupportedModuleError } from '../onnx/index.js';
import { hasOwnCode, loadLowerings } from '../onnx/lowering/registry.js';
import { keptName } from '../onnx/session/kept-model.js';
import type { ModelSession } from '../onnx/session/model-session.js';
import { openSizedModel, type LowerFor, type SizedOpened } from '../onnx/session/open-sized.js';
import { readSources } from '../onnx/tracing/read-sources.js';
import type { Module } from '../torch/index.js';
import { RaisedInCodeError } from '../python/errors.js';
import { guarded } from '../runtime/run-guard.js';
import { UnknownModelInputsError } from './errors.js';
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
    const sources = await readSources(options.code);
    const withSources = sources !== undefined;
    await loadLowerings(module, withSources);
    const { specsFor, guessed, ...plan } = planModule(module, options.inputs, withSources);
    const { resets = false } = options;
    const int8 = options.precision === 'int8';
    const [first] = plan.inputs;
    const rank = first?.dims.length ?? 0;
    const { cacheFolder: folder } = options;
    const fingerprint = folder === undefined ? '' : torchFile.fingerprint();
    const open = (of: Module, forRank: number): Promise<SizedOpened<readonly string[]>> => {
      const place = folder !== undefined && {
        folder,
        name: keptName(
          int8 ? 'int8' : 'lowered',
          fingerprint,
          options.inputs ?? null,
          forRank,
          ...(sources ? [sources.fingerprint] : []),
        ),
      };
      const lowerOf =
        (module: Module): LowerFor<readonly string[]> =>
        (sizes) => {
          const inputs = specsFor(forRank);
          const how = { ...(inputs && { inputs }), skipsChunks: !int8, sizes, sources, resets };
          const { graph, outputs } = lowerModel(module, how);
          const names = outputs.map(({ name }) => name);
          return { graph: int8 ? quantizeGraph(graph) : graph, facts: names };
        };
      return openSizedModel({
        place,
        options: sessionOptions,
        hasOwnCode: () => hasOwnCode(of, withSources),
        lower: lowerOf(of),
        reopened: (build) => reopened((again) => build(lowerOf(again))),
      });
    };
    // The file is closed by then, and rarely needed again.
    const reopened = async <T>(use: (module: Module) => Promise<T>): Promise<T> => {
      const file = openModuleFile(source);
      try {
        await loadLowerings(file.module, withSources);
        return await use(file.module);
      } finally {
        file.torchFile.close();
      }
    };
    const { session: own, facts: outputs } = await open(module, rank).catch((error: unknown) => {
      if (error instanceof UnsupportedModuleError) throw error.ofBareModel();
      // Its forward takes different arguments than its first layer.
      const wrong =
        guessed && error instanceof RaisedInCodeError && error.exception !== 'AssertionError';
      throw wrong ? new UnknownModelInputsError(module.className) : error;
    });
    const sessions = new Map<number, Promise<ModelSession>>([[rank, Promise.resolve(own)]]);
    const again = (other: number): Promise<ModelSession> =>
      reopened(async (of) => (await open(of, other)).session);
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
