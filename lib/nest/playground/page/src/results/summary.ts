import type { Picture, Prediction } from '../contract.js';
import type { Run } from '../state/run.js';
import { percent, short } from '../ui/format.js';

/** The answer of a run in a few words, as it is read aloud; undefined until there is one. */
export function summaryOf({ state, error, answer }: Run): string | undefined {
  if (state === 'failed') return error;
  if (state === 'stopped') return 'Stopped';
  if (state !== 'done' || !answer) return undefined;
  if (answer.type === 'text') return answer.text.trim() === '' ? 'No text' : answer.text;
  if (answer.type === 'blob') return answer.contentType;
  return predictionSummary(answer.value);
}

function predictionSummary(value: unknown): string {
  if (!isPrediction(value)) return JSON.stringify(value)?.slice(0, 200) ?? '';
  const { prediction, probabilities, classes, shares, results } = value;
  if (results) {
    return Object.entries(results)
      .map(([name, one]) => `${name}: ${predictionSummary(one)}`)
      .join('; ');
  }
  if (shares) return 'A mask';
  if (isPicture(prediction)) return 'An image';
  if (Array.isArray(prediction)) {
    const few = prediction.slice(0, 8).map((part) => wordOf(part));
    return few.length === 0 ? 'None of the labels' : few.join(', ');
  }
  const at = typeof prediction === 'string' ? (classes?.indexOf(prediction) ?? -1) : -1;
  const probability = probabilities?.[at];
  const sure = typeof probability === 'number' ? `, ${percent(probability)}` : '';
  return `${wordOf(prediction)}${sure}`;
}

function wordOf(value: unknown): string {
  if (typeof value === 'number') return short(value);
  return typeof value === 'string' ? value : (JSON.stringify(value)?.slice(0, 80) ?? '');
}

export function isPicture(value: unknown): value is Picture {
  return typeof value === 'object' && value !== null && 'png' in value;
}

/** Whether an answer has the form of a learner's. */
export function isPrediction(value: unknown): value is Prediction {
  return typeof value === 'object' && value !== null && 'prediction' in value;
}
