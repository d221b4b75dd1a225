import { Tensor } from 'onnxruntime-common';
import { openLearnerFile } from '../lib/learner/fastai/learner-file.js';
import { LMLearner } from '../lib/learner/fastai/text/lm/lm-learner.js';
import { createSession } from '../lib/learner/onnx/index.js';
import { lowerLanguageModel } from '../lib/learner/onnx/lowering/language-model.js';
import { sideBySide, table } from './statistics.js';

const WORDS = 200;

/**
 * `LMLearner.predict` of 200 words against 200 runs of the bare graph with one token each, in turns
 * on one thread; and what a word costs behind texts of different lengths.
 */
export async function benchLanguageModel(file: string, rounds = 20): Promise<void> {
  const learner = await LMLearner.load(file);
  const opened = openLearnerFile(file);
  const { graph, stateSize } = lowerLanguageModel(opened.model);
  const session = await createSession(graph, { intraOpNumThreads: 1 });
  opened.torchFile.close();

  const bare = async (): Promise<void> => {
    let state = new Tensor('float32', new Float32Array(stateSize), [1, 1, stateSize]);
    for (let word = 0; word < WORDS; word++) {
      const ids = new Tensor('int32', Int32Array.of(10 + (word % 20)), [1, 1]);
      const outputs = await session.run({ ids, state }, ['logits', 'next_state']);
      state = outputs['next_state'] as typeof state;
    }
  };
  const predict = (options = {}) =>
    learner.predict('I really liked', WORDS, { seed: 1, ...options });
  await sideBySide(bare, predict, 3);
  const rows: string[][] = [];
  for (const [name, options] of [
    ['defaults', {}],
    ['temperature 0.5, minP 0.001', { temperature: 0.5, minP: 0.001 }],
  ] as const) {
    const [steps, whole] = await sideBySide(bare, () => predict(options), rounds);
    rows.push([name, steps.toFixed(2), whole.toFixed(2), `${(whole / steps).toFixed(2)}x`]);
  }
  table(
    `LMLearner.predict of ${WORDS} words against ${WORDS} steps of the bare graph (median ms, 1 thread)`,
    ['options', 'bare steps', 'predict', 'ratio'],
    rows,
  );

  const costs: string[][] = [];
  for (const tokens of [10, 1000, 5000]) {
    const text = Array<string>(tokens - 1).fill('it');
    const item = ['xxbos', ...text] as unknown as string;
    const [read, all] = await sideBySide(
      () => learner.predict(item, 1, { seed: 1 }),
      () => learner.predict(item, 1 + WORDS, { seed: 1 }),
      5,
    );
    costs.push([String(tokens), read.toFixed(2), ((all - read) / WORDS).toFixed(4)]);
  }
  table(
    'The cost of a word behind a text (median ms)',
    ['tokens of the text', 'first word', 'each further word'],
    costs,
  );
  await learner.release();
  await session.release();
}
