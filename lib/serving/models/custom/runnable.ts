import { enterWorker } from '../../runtime/inside-worker.js';
import { RunnableModuleError } from '../errors.js';
import type { Served, ServedMethod } from '../../runner/pool/protocol.js';
import { guardOnnxruntime } from './guard-onnxruntime.js';

export interface CustomInit {
  readonly module: string;
  readonly className: string;
  readonly methods: readonly string[];
  readonly params: unknown;
}

type RunnableInstance = Readonly<Record<string, unknown>>;
type Constructor = new (params?: unknown) => object;

export async function open(init: CustomInit): Promise<Served> {
  enterWorker();
  const Class = await classOf(init);
  guardOnnxruntime();
  const { params } = init;
  const served = await serveRunnable(
    params === undefined ? new Class() : new Class(params),
    init.methods,
  );
  // The hook may have imported it.
  guardOnnxruntime();
  return served;
}

export async function serveRunnable(instance: object, names: readonly string[]): Promise<Served> {
  const members = instance as RunnableInstance;
  const call = (name: string, ...parameters: unknown[]): unknown => {
    const method = members[name];
    return typeof method === 'function' ? method.apply(instance, parameters) : undefined;
  };
  await call('onRunnableInit');
  const methods = names.map((name): [string, ServedMethod] => [
    name,
    (item, context) => call(name, item, context),
  ]);
  return {
    kind: 'custom',
    vocab: undefined,
    methods: new Map(methods),
    release: async () => void (await call('onRunnableDestroy')),
  };
}

async function classOf({ module, className }: CustomInit): Promise<Constructor> {
  let exported: Record<string, unknown>;
  try {
    exported = (await import(module)) as Record<string, unknown>;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RunnableModuleError(className, module, reason);
  }
  const found =
    exported[className] ??
    Object.values(exported).find(
      (value) => typeof value === 'function' && value.name === className,
    );
  if (typeof found !== 'function') {
    const names = Object.keys(exported);
    const what = names.length === 0 ? 'nothing' : names.join(', ');
    throw new RunnableModuleError(className, module, `it exports ${what}`);
  }
  return found as Constructor;
}
