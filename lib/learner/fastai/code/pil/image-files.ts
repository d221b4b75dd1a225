import type { Context } from '../../../python/context.js';
import { PathValue } from '../../../python/modules/paths.js';
import { bytesOf } from '../../vision/image-item.js';
import { readImage } from '../../vision/image/read-image.js';
import type { Pixels } from './pixels.js';
import type { PixelsToCome } from './image-value.js';

type Mode = 'RGB' | 'L';

/**
 * Thrown if code needs a file that is not read or decoded yet. The caller reads the file and runs
 * the code again.
 */
class NotReadyError extends Error {
  constructor(readonly prepare: () => Promise<void>) {
    super('An image is decoded');
  }
}

/** The file of an item, or its bytes. */
export interface ItemFile {
  /** The path in the code; undefined if the item came as bytes. */
  readonly path: string | undefined;
  readonly bytes: Uint8Array;
}

interface Opened {
  readonly bytes: Uint8Array;
  readonly decoded: Map<Mode, Pixels>;
}

/** Files that the code of one item may open: each is read, and then the code starts again. */
const MOST_FILES = 64;

/** The files for `PILImage.create(path)` and `Image.open(path)` while an item's code runs. */
export class ImageFiles {
  /** By path, and by the bytes of an item. Undefined while no item's code runs. */
  #opened: Map<string | Uint8Array, Opened> | undefined;
  #opensOthers = false;

  /**
   * Runs code that may open the file. The code cannot wait, so it starts again when the pixels are
   * ready.
   *
   * @param others Whether the code may open files that its item leads to, such as one named in a
   *   row. It may always open bytes.
   */
  async run<T>(file: ItemFile | undefined, work: () => T, others = false): Promise<T> {
    const opened = new Map<string | Uint8Array, Opened>();
    if (file) {
      const own: Opened = { bytes: file.bytes, decoded: new Map() };
      opened.set(file.bytes, own);
      if (file.path !== undefined)
        opened.set(new PathValue(file.path).path, own).set(file.path, own);
    }
    for (;;) {
      [this.#opened, this.#opensOthers] = [opened, others];
      try {
        return work();
      } catch (error) {
        if (!(error instanceof NotReadyError)) throw error;
        await error.prepare();
      } finally {
        this.#opened = undefined;
      }
    }
  }

  /** `Image.open(source).convert(mode)`. */
  convert(ctx: Context, source: string | Uint8Array, mode: Mode): Pixels {
    return decoded(this.#find(ctx, source), mode);
  }

  /** `Image.open(source)`; only the file determines the mode. */
  open(ctx: Context, source: string | Uint8Array): PixelsToCome {
    const file = this.#find(ctx, source);
    return {
      as: (mode) => decoded(file, mode),
      now: () => {
        const mode = nativeMode(file.bytes);
        if (mode) return decoded(file, mode);
        throw ctx.unsupported(
          "Image.open() of this file is not supported without convert('RGB') or convert('L')",
        );
      },
    };
  }

  #find(ctx: Context, source: string | Uint8Array): Opened {
    const opened = this.#opened;
    const known = opened?.get(source);
    if (known) return known;
    if (!opened || (!this.#opensOthers && typeof source === 'string')) {
      throw ctx.unsupported('Opening a file other than the item is not supported');
    }
    if (opened.size >= MOST_FILES) {
      throw ctx.unsupported(`An item that leads to more than ${MOST_FILES} files`);
    }
    if (typeof source !== 'string') {
      const held: Opened = { bytes: source, decoded: new Map() };
      opened.set(source, held);
      return held;
    }
    throw new NotReadyError(async () => {
      opened.set(source, { bytes: await bytesOf(source), decoded: new Map() });
    });
  }
}

function decoded({ bytes, decoded: known }: Opened, mode: Mode): Pixels {
  const pixels = known.get(mode);
  if (pixels) return pixels;
  throw new NotReadyError(async () => {
    const { mode: made, width, height, data } = await readImage(bytes, mode);
    known.set(mode, { mode: made, width, height, data });
  });
}

/** The mode in which PIL opens a file, among the supported modes of JPEG and PNG. */
function nativeMode(bytes: Uint8Array): Mode | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length > 26 && view.getUint32(0) === 0x89504e47) {
    const [depth, kind] = [bytes[24], bytes[25]];
    if (depth !== 8) return undefined;
    return kind === 0 ? 'L' : kind === 2 ? 'RGB' : undefined;
  }
  if (bytes.length < 4 || view.getUint16(0) !== 0xffd8) return undefined;
  for (let at = 2; at + 10 < bytes.length;) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1]!;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      const count = bytes[at + 9];
      return count === 1 ? 'L' : count === 3 ? 'RGB' : undefined;
    }
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
  return undefined;
}
