import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { fastai, pytorch, type ModelStore } from 'nestjs-vts';
import { startVts } from './vts.js';

export const fixture = (path: string): Buffer =>
  readFileSync(new URL(`../fixtures/${path}`, import.meta.url));

const LEARNERS = {
  text: 'learners/legacy_stream/export.pkl',
  labels: 'learners/multi_label/export.pkl',
  number: 'learners/regression/export.pkl',
  picture: 'vision/learners/classes/export.pkl.br',
  pictures: 'vision/learners/multi-label/export.pkl.br',
  mask: 'vision/learners/mask/export.pkl.br',
  drawing: 'vision/learners/image/export.pkl.br',
  points: 'vision/learners/points/export.pkl.br',
  amounts: 'vision/learners/numbers/export.pkl.br',
  rows: 'tabular/typed.pkl.gz',
  ratings: 'tabular/collab_plain.pkl.gz',
  words: 'lm/untied/export.pkl.gz',
};

export type LearnerName = keyof typeof LEARNERS;

/** A model of each kind. */
export const KINDS = [...(Object.keys(LEARNERS) as LearnerName[]), 'layer'] as const;

/** The file of a small learner. */
export function learnerFile(name: LearnerName): Buffer {
  const path = LEARNERS[name];
  const bytes = fixture(path);
  if (path.endsWith('.gz')) return gunzipSync(bytes);
  return path.endsWith('.br') ? brotliDecompressSync(bytes) : bytes;
}

/** Puts the models of {@link KINDS} into a store. */
export async function saveKinds(
  store: ModelStore,
  names: readonly (typeof KINDS)[number][] = KINDS,
): Promise<void> {
  for (const name of names) {
    if (name === 'layer') await pytorch.saveModel(name, fixture('pytorch/mlp.pt'), { store });
    else await fastai.saveModel(name, learnerFile(name), { store });
  }
}

export interface Served {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts `vts serve` on a port of its own, and waits until it serves. */
export async function serveKinds(home: string, args: readonly string[]): Promise<Served> {
  const child = startVts(['serve', ...args, '--port', '0'], { home });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, 'close');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  for await (const line of createInterface({ input: child.stdout! })) {
    const url = /\bpage (http:\S+)\//.exec(line)?.[1];
    if (url !== undefined) {
      // The pipe is emptied, so that the log never waits for its reader.
      child.stdout?.resume();
      return { url: `${url}/`, stop };
    }
  }
  throw new Error(`vts serve ended: ${said}`);
}
