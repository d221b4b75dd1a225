import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { formatOf } from '../../learner/fastai/vision/image/format.js';
import { MEDIA_TYPES } from '../io/image/image-output.js';
import { InvalidPlaygroundError } from './errors.js';
import { servedFile, type ServedFile } from './page-files.js';

/** More samples would not help on a page. */
const MOST_SAMPLES = 24;
const MOST_BYTES = 20 * 1024 * 1024;
/** How many files of a folder are read at most. */
const MOST_FILES = 10_000;

/** A sample to try a model with. */
export interface Sample {
  readonly name: string;
  readonly kind: 'image' | 'text';
  readonly file: ServedFile;
}

/**
 * The first images and texts (`.txt`) of a folder, by name, read when the application starts. Other
 * files and files above 20 MiB are left out.
 *
 * @throws InvalidPlaygroundError for a path that is not a folder, or has no samples.
 */
export function readSamples(folder: string): Sample[] {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new InvalidPlaygroundError(`no folder at ${folder}`, 'name a folder of images or texts');
  }
  const samples: Sample[] = [];
  for (const name of readdirSync(folder).sort().slice(0, MOST_FILES)) {
    const path = join(folder, name);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isFile() !== true || found.size > MOST_BYTES) continue;
    const bytes = readFileSync(path);
    const format = formatOf(bytes);
    if (format === undefined && !name.endsWith('.txt')) continue;
    const kind = format === undefined ? 'text' : 'image';
    const type = format === undefined ? 'text/plain; charset=utf-8' : MEDIA_TYPES[format];
    // By number, because names may contain anything.
    samples.push({ name, kind, file: servedFile(`samples/${samples.length}`, type, bytes) });
    if (samples.length === MOST_SAMPLES) break;
  }
  if (samples.length > 0) return samples;
  throw new InvalidPlaygroundError(
    `no image or text in ${folder}`,
    'name a folder that contains some',
  );
}
