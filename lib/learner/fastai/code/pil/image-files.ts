import type { Context } from '../../../python/context.js';
import { readImage } from '../../vision/image/read-image.js';
import type { Pixels } from './pixels.js';
import type { PixelsToCome } from './image-value.js';

type Mode = 'RGB' | 'L';

/** Thrown where code wants pixels that have yet to be decoded; whoever runs it decodes and runs it again. */
class NotDecodedError extends Error {
  constructor(readonly mode: Mode) {
    super(`An image is decoded as ${mode}`);
  }
}

/** A file that code may open: the item itself, and none other. */
export interface ItemFile {
  /** As the code names it: a path; undefined where the item came as bytes. */
  readonly path: string | undefined;
  readonly bytes: Uint8Array;
}

interface Opened extends ItemFile {
  readonly decoded: Map<Mode, Pixels>;
}

/** What `PILImage.create(path)` and `Image.open(path)` read while an item's code runs. */
export class ImageFiles {
  #current: Opened | undefined;

  /** Runs code that may open the file. It cannot wait, so it begins anew when pixels are there. */
  async run<T>(file: ItemFile | undefined, work: () => T): Promise<T> {
    const opened: Opened | undefined = file && { ...file, decoded: new Map() };
    for (;;) {
      this.#current = opened;
      try {
        return work();
      } catch (error) {
        if (!(error instanceof NotDecodedError) || !opened) throw error;
        const { mode, width, height, data } = await readImage(opened.bytes, error.mode);
        opened.decoded.set(error.mode, { mode, width, height, data });
      } finally {
        this.#current = undefined;
      }
    }
  }

  /** `Image.open(source).convert(mode)`. */
  convert(ctx: Context, source: string | Uint8Array, mode: Mode): Pixels {
    return decoded(this.#find(ctx, source), mode);
  }

  /** `Image.open(source)`, whose mode only the file tells. */
  open(ctx: Context, source: string | Uint8Array): PixelsToCome {
    const file = this.#find(ctx, source);
    return {
      as: (mode) => decoded(file, mode),
      now: () => {
        const mode = nativeMode(file.bytes);
        if (mode) return decoded(file, mode);
        throw ctx.unsupported(
          "Image.open() of such a file is not known here without convert('RGB') or convert('L')",
        );
      },
    };
  }

  #find(ctx: Context, source: string | Uint8Array): Opened {
    const file = this.#current;
    const isOwn = file && (source === file.bytes || source === file.path);
    if (isOwn) return file;
    throw ctx.unsupported('Opening a file other than the item is not known here');
  }
}

function decoded({ decoded: known }: Opened, mode: Mode): Pixels {
  const pixels = known.get(mode);
  if (pixels) return pixels;
  throw new NotDecodedError(mode);
}

/** The mode in which PIL opens a file, of those that are known here: of JPEG and PNG. */
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
