import { writeJson } from '../io/json/write-json.js';
import { shortestFloat32 } from './csv-cells.js';
import type { Scored } from './scored.js';

/** The columns that predictions add to a table, according to the first prediction. */
export class ScoreColumns {
  readonly names: string[];
  readonly #several: boolean;
  readonly #numbers: boolean;

  constructor(first: Scored, targets: readonly string[], header: readonly string[]) {
    const { prediction, probabilities, classes = [] } = first;
    this.#several = targets.length > 1 && Array.isArray(prediction);
    // A mask has one probability per pixel and class: too many for columns.
    this.#numbers = classes.length > 0 && flatNumbers(probabilities).length === classes.length;
    const added = [
      ...(this.#several ? targets.map((name) => `predicted ${name}`) : ['prediction']),
      ...(this.#numbers ? classes.map((name) => `p(${name})`) : []),
    ];
    this.names = added.map((name) => (header.includes(name) ? `${name} (vts)` : name));
  }

  cells({ prediction, probabilities }: Scored): string[] {
    const predictions = this.#several ? (prediction as unknown[]) : [prediction];
    const numbers = this.#numbers ? flatNumbers(probabilities) : [];
    return [...predictions.map(cellText), ...numbers.map(shortestFloat32)];
  }
}

function flatNumbers(value: unknown): number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number') ? value : [];
}

/** A value in a CSV cell: float32 as short as in pandas, and lists of names with `;`. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return shortestFloat32(value);
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) {
    return value.join(';');
  }
  return typeof value === 'object' ? (writeJson(value) ?? '') : String(value);
}
