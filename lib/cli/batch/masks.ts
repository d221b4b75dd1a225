import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { writeAside } from '../../serving/store/durable.js';
import { drawnPng } from '../predict/picture.js';
import { addressOf, isS3 } from '../s3/address.js';
import { cellOf, rowNumber, type Chunk } from './chunk.js';
import { PATH } from './read-items.js';
import type { ScoreShape } from './scorer.js';

/**
 * The PNG files of masks or predicted images. They are in a folder beside the output, or below the
 * key of an output on S3.
 */
export class MaskFolder {
  private readonly folder: string;

  /** @param root The folder to which file names are relative. */
  constructor(
    private readonly output: string,
    private readonly root: string,
    prediction: ScoreShape['prediction'],
  ) {
    this.folder = `${output}-${prediction}s`;
  }

  /** Writes the picture of a row, and returns its path as the output names it. */
  async write(chunk: Chunk, row: number, prediction: unknown): Promise<string> {
    const name = `${this.#nameOf(chunk, row)}.png`;
    const png = await drawnPng(prediction);
    if (isS3(this.output)) {
      const { putObject } = await import('../s3/write.js');
      const below = name.split(sep).join('/');
      await putObject(addressOf(`${this.folder}/${below}`), png);
      return `${basename(this.folder)}/${below}`;
    }
    const path = join(this.folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeAside(path, async (aside) => {
      await writeFile(aside, png, { flush: true });
      await rename(aside, path);
    });
    return relative(dirname(resolve(this.output)), resolve(path))
      .split(sep)
      .join('/');
  }

  /** Includes the extension, because `a.jpg` and `a.png` are different files. */
  #nameOf(chunk: Chunk, row: number): string {
    const column = chunk.columns?.get(PATH);
    if (chunk.file.format !== 'item' || !column) {
      return `${basename(chunk.file.path)}-${rowNumber(chunk, row)}`;
    }
    const path = String(cellOf(column, row));
    if (isS3(path)) return path.slice('s3://'.length);
    const name = relative(this.root, path);
    return name.startsWith('..') ? `${rowNumber(chunk, row)}-${basename(name)}` : name;
  }
}
