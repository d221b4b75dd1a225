import { Tensor } from 'onnxruntime-common';
import { Learner } from '../lib/learner/fastai/learner.js';
import { openLearnerFile } from '../lib/learner/fastai/learner-file.js';
import { createSession, lowerModel } from '../lib/learner/onnx/index.js';
import { sideBySide, table } from './statistics.js';
import { textOf } from './texts.js';

/** `Learner.predict` of a text against the bare graph on the same ids, in turns on one thread. */
export async function benchPredict(file: string, rounds = 400): Promise<void> {
  const learner = await Learner.load<string>(file);
  const opened = openLearnerFile(file);
  const session = await createSession(lowerModel(opened.model).graph, { intraOpNumThreads: 1 });
  opened.torchFile.close();
  const vocab = learner.vocab[0] as readonly string[];

  const rows: string[][] = [];
  for (const tokens of [8, 100, 400]) {
    const text = textOf(tokens, (part) => learner.tokenize(part));
    const ids = Int32Array.from(learner.tokenize(text), (token) =>
      Math.max(0, vocab.indexOf(token)),
    );
    const bare = () =>
      session.run({
        ids: new Tensor('int32', ids, [1, ids.length]),
        lengths: new Tensor('int32', Int32Array.of(ids.length), [1]),
      });
    const predict = () => learner.predict(text);
    await sideBySide(bare, predict, 50);
    const [run, whole] = await sideBySide(bare, predict, rounds);
    rows.push([
      String(ids.length),
      run.toFixed(3),
      whole.toFixed(3),
      `${(whole / run).toFixed(2)}x`,
    ]);
  }
  table(
    'Learner.predict against session.run on the same ids (median ms, 1 thread)',
    ['tokens', 'session.run', 'predict', 'ratio'],
    rows,
  );
  await learner.release();
  await session.release();
}
