import type { LearnerDescription } from '../learner/fastai/contract.js';

const TASKS: Record<LearnerDescription['task'], string> = {
  classify: 'classifier',
  multilabel: 'classifier with several labels',
  regress: 'regression',
  segment: 'segmentation',
  points: 'point finder',
  image: 'to image model',
  generate: 'language model',
  several: 'model of several results',
};

const KINDS: Record<Exclude<LearnerDescription['kind'], 'lm'>, string> = {
  text: 'text',
  tabular: 'tabular',
  collab: 'collaborative filtering',
  vision: 'image',
  array: 'array',
  mixed: 'multi-input',
  custom: 'custom',
};

/** `an image classifier`, `a language model`. */
export function whatItIs(description: LearnerDescription | undefined): string {
  if (description === undefined) return 'a model without a learner';
  const name = nameOf(description);
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`;
}

/** The same without the article. */
export function nameOf(description: LearnerDescription): string {
  const { kind, task } = description;
  if (kind === 'lm') return TASKS[task];
  return kind === 'collab' ? `${KINDS[kind]} learner` : `${KINDS[kind]} ${TASKS[task]}`;
}
