import type { LearnerDescription } from '../../learner/fastai/contract.js';
import { percent } from '../output/bar.js';
import { table } from '../output/table.js';
import { classMapOf, sharesOf } from './mask.js';
import { pictureOf } from './picture.js';
import type { Scored } from '../../nest/served-model/scored.js';
import { numberText, textOf } from './view.js';

const SHOWN = 5;

export type Result = Scored & { readonly input: unknown };

/** One prediction per line, for programs that read the columns. */
export function plainTable(
  results: readonly Result[],
  description: LearnerDescription | undefined,
): string {
  // A continued text is the result itself, so it is shown whole.
  if (description?.kind === 'lm') return results.map(({ prediction }) => prediction).join('\n');
  return table(
    ['Input', 'Prediction', 'Probabilities'],
    results.map((result) => [short(textOf(result.input), 60), ...cellsOf(result, description)]),
  );
}

function cellsOf(result: Result, description: LearnerDescription | undefined): string[] {
  switch (description?.task) {
    case 'segment':
      return maskCells(result.prediction, description.classes ?? []);
    case 'image': {
      const { width, height } = pictureOf(result.prediction);
      return [`image of ${width} x ${height}`, ''];
    }
    default:
      return [short(textOf(result.prediction), 200), probabilities(result)];
  }
}

function maskCells(prediction: unknown, names: readonly string[]): [string, string] {
  const map = classMapOf(prediction);
  const shares = sharesOf(map)
    .slice(0, SHOWN)
    .map(({ index, share }) => `${names[index] ?? index} ${percent(share)}`);
  return [`mask of ${map.width} x ${map.height}`, shares.join(', ')];
}

function short(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

function probabilities({ probabilities: values, classes, results }: Scored): string {
  if (results) {
    const parts = Object.entries(results).map(([name, one]) => `${name}: ${probabilities(one)}`);
    return short(parts.join('; '), 400);
  }
  if (!Array.isArray(values)) return values === undefined ? '' : numberText(values);
  if (values.some((value) => typeof value !== 'number')) return '(see -o json)';
  const named = values.map((value, i) => ({ value: value as number, name: classes?.[i] }));
  const order = classes ? named.toSorted((a, b) => b.value - a.value) : named;
  const texts = order
    .slice(0, SHOWN)
    .map(({ value, name }) =>
      name === undefined ? numberText(value) : `${name} ${numberText(value)}`,
    );
  return texts.join(', ') + (order.length > SHOWN ? ', …' : '');
}
