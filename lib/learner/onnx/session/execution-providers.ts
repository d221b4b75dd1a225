import { ExecutionProviderError } from '../errors.js';
import { GraphBuilder } from '../graph-builder.js';
import { writeModel } from '../proto/model-writer.js';
import { loadOnnxruntime } from './onnxruntime.js';

/** The name in onnxruntime-node: Python's `CUDAExecutionProvider` is `cuda`. */
export function nodeName(provider: string): string {
  return provider.replace(/ExecutionProvider$/, '').toLowerCase();
}

/** Why a provider does not work on this machine; this cannot change while a process runs. */
const probes = new Map<string, Promise<string | undefined>>();

/**
 * The requested execution providers that work on this machine, in order; the CPU if none does.
 *
 * A build may list a provider although its libraries, a driver or a device are missing. So each is
 * tried with a model of one operator.
 *
 * @param fallback Receives each provider that does not work; without it the first one is an error.
 * @throws ExecutionProviderError
 */
export async function usableProviders(
  wanted: readonly string[],
  fallback?: (problem: string) => void,
): Promise<string[]> {
  const names = wanted.map(nodeName);
  if (names.every((name) => name === 'cpu')) return ['cpu'];
  const listed = loadOnnxruntime()
    .listSupportedBackends()
    .map(({ name }) => name);
  const usable: string[] = [];
  for (const name of names) {
    const reason = listed.includes(name) ? await probe(name) : 'this build lacks it';
    if (reason === undefined) usable.push(name);
    else if (!fallback) throw new ExecutionProviderError(name, listed, reason);
    else fallback(new ExecutionProviderError(name, listed, reason).message);
  }
  return usable.length > 0 ? usable : ['cpu'];
}

function probe(name: string): Promise<string | undefined> {
  let result = probes.get(name);
  if (!result) probes.set(name, (result = tryOut(name)));
  return result;
}

async function tryOut(name: string): Promise<string | undefined> {
  const { InferenceSession } = loadOnnxruntime();
  const graph = new GraphBuilder('probe');
  graph.output('y', graph.op('Relu', [graph.input('x', 'float32', ['rows'])]));
  try {
    const session = await InferenceSession.create(writeModel(graph.finish()).model, {
      executionProviders: [name],
      logSeverityLevel: 4,
    });
    await session.release();
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // A build path and a C++ location come before the message.
    const [line = ''] = message.replace(/^\/\S+ .*?(?=[A-Z][a-z]+ed )/s, '').split('\n');
    return `it does not start on this machine (${line.slice(0, 200).trim()})`;
  }
}
