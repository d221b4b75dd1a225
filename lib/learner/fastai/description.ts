import { Module } from '../torch/index.js';
import type { Answers, LearnerDescription, LearnerKind, TabularSchema } from './contract.js';
import type { Loss } from './losses/loss.js';

/** The rest comes from the loss function, the model and the columns. */
export function describeLearner(
  kind: LearnerKind,
  { task, classes, targets, size, shape, inputs, results, pathReader }: Answers,
  { threshold }: Pick<Loss, 'threshold'>,
  range: LearnerDescription['range'],
  columns: TabularSchema | undefined,
): LearnerDescription {
  // A loss that looks at each class separately gives several labels, whatever the target is.
  const many = task === 'multilabel' || (task === 'classify' && threshold !== undefined);
  return {
    kind,
    task: many ? 'multilabel' : task,
    ...(classes && { classes }),
    ...(many && threshold !== undefined && { threshold }),
    ...(task === 'regress' && range && { range }),
    ...(task === 'regress' && targets && { targets }),
    ...(columns && { columns }),
    ...(size && { size }),
    ...(shape && { shape }),
    ...(inputs && { inputs }),
    ...(results && { results }),
    ...(pathReader !== undefined && { pathReader }),
  };
}

/** `y_range`: the last layer of fastai's heads enforces it. */
export function rangeOf(model: Module): LearnerDescription['range'] {
  let range: LearnerDescription['range'];
  const waiting: Module[] = [model];
  for (let module = waiting.pop(); module; module = waiting.pop()) {
    // The first match is the last in the model, because children are visited from the end.
    range = ownRange(module);
    if (range) return range;
    for (const child of module.children.values()) if (child) waiting.push(child);
  }
  return undefined;
}

function ownRange(module: Module): LearnerDescription['range'] {
  const pair =
    module.className === 'fastai.layers.SigmoidRange'
      ? [module.attr('low'), module.attr('high')]
      : module.attr('y_range');
  if (!Array.isArray(pair) || pair.length !== 2) return undefined;
  const [low, high] = pair.map(Number) as [number, number];
  return Number.isFinite(low) && Number.isFinite(high) ? [low, high] : undefined;
}
