import { answerQuestions } from './answer.js';

export type LoadLearnerQuestion =
  | { readonly file: string }
  /** Of a store. */
  | { readonly home: string; readonly name: string };

// Loads a learner in a fresh process, and measures that separately from loading the package.
await answerQuestions(async (question: LoadLearnerQuestion) => {
  const begin = performance.now();
  if ('file' in question) {
    const { Learner } = await import('nestjs-vts/learner');
    const imported = performance.now();
    await Learner.load(question.file);
    return { load: performance.now() - imported, import: imported - begin };
  }
  const { fastai, ModelStore } = await import('nestjs-vts/serving');
  const imported = performance.now();
  const { home, name } = question;
  const runner = (await fastai.get(name, { store: new ModelStore(home) })).toRunner({ workers: 1 });
  await runner.open();
  const answer = { load: performance.now() - imported, import: imported - begin };
  await runner.close();
  return answer;
});
