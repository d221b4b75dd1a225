import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fastai, ModelStore, pytorch } from 'nestjs-vts';
import type { Shot } from './http.js';

const KEY = 'a-key-for-tests';

/**
 * What the process of a sample finds in its environment, beyond the port; what a reader does by
 * hand is done.
 */
export async function environmentOf(sample: string): Promise<Record<string, string>> {
  switch (sample) {
    case '02-pytorch-layer':
      return { VTS_HOME: await homeOfLayer() };
    case '06-guarded':
      // No limit of the sample's own: what the service itself takes is the question.
      return { API_KEYS: `tests:${KEY}:batch`, REQUESTS_A_MINUTE: '1000000000' };
    default:
      return {};
  }
}

/** What a sample wants of every request. */
export function headersFor(sample: string): Shot['headers'] {
  return sample === '06-guarded' ? [['x-api-key', KEY]] : [];
}

let home: Promise<string> | undefined;

/** The store that the sample's `save-model.ts` makes, in a temporary folder. */
function homeOfLayer(): Promise<string> {
  home ??= (async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vts-layer-'));
    const store = new ModelStore('sample/01-fastai-sentiment/models-home');
    const learner = await fastai.loadModel('fastai_sentiment', { store });
    await pytorch.saveModel('my_pytorch_model', learner.model, {
      signatures: { __call__: { batchable: true } },
      store: new ModelStore(folder),
    });
    await learner.release();
    return folder;
  })();
  return home;
}

/** Removes what was made. */
export async function removeSetup(): Promise<void> {
  if (home) await rm(await home, { recursive: true, force: true });
  home = undefined;
}
