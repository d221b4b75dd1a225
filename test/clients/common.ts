import { readFile } from 'node:fs/promises';

/** Where a sample listens; undefined where it does not run. */
export function runningUrl(sample: string): string | undefined {
  const urls = JSON.parse(process.env['SAMPLE_URLS'] ?? '{}') as Record<string, string>;
  return urls[sample];
}

/** Where a sample listens. */
export function urlOf(sample: string): string {
  const url = runningUrl(sample);
  if (url === undefined) throw new Error(`SAMPLE_URLS has no ${sample}.`);
  return url;
}

/** A row that the learner of the tabular sample knows. */
export const person = {
  age: 48,
  hours: 40,
  gain: 0,
  years: 9,
  workclass: 'Private',
  education: 'Bachelors',
  sex: 'F',
  is_married: true,
};

/** A circle, as the vision sample has one. */
export async function picture(): Promise<File> {
  const path = process.env['PICTURE'] ?? 'sample/04-vision/pictures/circle.jpg';
  return new File([await readFile(path)], 'circle.jpg', { type: 'image/jpeg' });
}

/** A story of so many words. */
export const story = (nWords: number) => ({ text: 'I really liked', nWords, seed: 1 });

/** What the test reads. */
export function report(results: Readonly<Record<string, unknown>>): void {
  console.log(JSON.stringify(results));
}
