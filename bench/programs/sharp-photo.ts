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

// Reads a photograph with sharp in the usual way. sharp shrinks while it decodes, so the numbers
// differ from PIL's.
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
