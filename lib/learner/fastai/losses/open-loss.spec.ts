import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tensor } from 'onnxruntime-common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PyGlobal } from '../../torch/index.js';
import type { LearnerFile } from '../learner-file.js';
import { openLoss } from './open-loss.js';

const NOTEBOOK = `
import torch
import torch.nn.functional as F

def act(x): return torch.sigmoid(x)
def plain(p, t): return F.cross_entropy(p, t)
def own(p, t): return F.binary_cross_entropy_with_logits(p, t)
own.activation = act
own.decodes = lambda x: x > .3
`;

describe('A loss that is a notebook function, known by name', () => {
  let folder: string;
  let code: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vts-loss-'));
    code = join(folder, 'notebook.py');
    await writeFile(code, NOTEBOOK);
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** The probabilities and the target of two outputs. */
  async function applied(module: string, name: string, given?: string): Promise<unknown[]> {
    const file = { loss: new PyGlobal(module, name), className: 'fastai.learner.Learner' };
    const loss = await openLoss(file as LearnerFile, given === undefined ? {} : { code: given });
    try {
      const output = new Tensor('float32', Float32Array.of(-1, 2), [1, 2]);
      const probs = await loss.activation(output);
      return [probs, await loss.decodes(probs)].map(({ data }) =>
        Array.from(data as never, Number),
      );
    } finally {
      await loss.release?.();
    }
  }

  it('has the activation that given source assigns to it', async () => {
    const [probs, target] = await applied('__main__', 'own', code);
    const sigmoid = (x: number): unknown => expect.closeTo(1 / (1 + Math.exp(-x)), 6);
    expect(probs).toEqual([sigmoid(-1), sigmoid(2)]);
    expect(target).toEqual([0, 1]);
  });

  it.each([
    ['without an activation', '__main__', 'plain', true],
    ['that the source does not have', '__main__', 'other', true],
    ['of torch', 'torch.nn.functional', 'cross_entropy', true],
    ['without its source', '__main__', 'own', false],
  ] as const)('gives raw outputs if it is one %s', async (_, module, name, isGiven) => {
    const raw = [
      [-1, 2],
      [-1, 2],
    ];
    expect(await applied(module, name, isGiven ? code : undefined)).toEqual(raw);
  });
});
