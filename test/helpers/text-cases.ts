import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What fastai itself predicted for one text. */
export interface TextCase {
  input: string;
  decoded: unknown;
  pred: number | boolean[] | number[];
  probs: number[];
}

/** A learner with fastai's own predictions. */
export interface TextLearner {
  name: string;
  file: string;
  cases: TextCase[];
  /**
   * Largest difference of a probability: half-precision weights are computed in single precision
   * here.
   */
  tolerance: number;
}

/** The text learners of a folder; none where it does not exist. */
export function textLearners(folder: string): TextLearner[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const record = join(folder, name, 'cases.json');
    // What is not read yet: code of a notebook (c_), and what users reported (p_).
    if (/^[cp]_/.test(name) || !existsSync(record)) return [];
    const { kind, cases } = JSON.parse(readFileSync(record, 'utf8')) as {
      kind: string;
      cases: TextCase[];
    };
    if (kind !== 'text') return [];
    const tolerance = name.includes('fp16') ? 2e-3 : 1e-4;
    return [{ name, file: join(folder, name, 'export.pkl'), cases, tolerance }];
  });
}
