import { readFile } from 'node:fs/promises';

/** Where a sample listens. */
export function urlOf(sample: string): string {
  const urls = JSON.parse(process.env['SAMPLE_URLS'] ?? '{}') as Record<string, string>;
  const url = urls[sample];
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

/** What the test reads. */
export function report(results: Readonly<Record<string, unknown>>): void {
  console.log(JSON.stringify(results));
}
