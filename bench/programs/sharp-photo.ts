import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { median, timed } from '../statistics.js';
import { answerQuestions } from './answer.js';

export interface PhotoQuestion {
  readonly photo: string;
  /** Height and width. */
  readonly size: readonly [number, number];
  readonly ms: number;
}

// A photograph as one would read it with sharp: it shrinks while it decodes, so that the numbers
// are others than PIL's.
await answerQuestions(async ({ photo, size: [height, width], ms }: PhotoQuestion) => {
  const body = readFileSync(photo);
  const read = (): Promise<Buffer> =>
    sharp(body).resize(width, height, { kernel: 'linear' }).removeAlpha().raw().toBuffer();
  const times: number[] = [];
  const start = performance.now();
  do times.push(await timed(read));
  while (performance.now() - start < ms);
  return { rest: median(times) };
});
