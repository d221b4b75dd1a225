import type { Scratch } from '../kernels/scratch.js';
import type { Box } from './jpeg.js';
import { channelsOf, type Raster, type RasterMode } from './raster.js';

/** Some rows in the kernels' memory, one plane per channel. */
export interface Band {
  /** Address of each plane. There may be only one if all channels are equal. */
  readonly planes: readonly number[];
  /** Bytes from one row of a plane to the next. */
  readonly stride: number;
  readonly rows: number;
}

/** A source cannot provide its pixels: the image must be decoded in another way. */
export class NotRenderedError extends Error {}

/** Receives rows; their memory is reused afterwards. */
export type TakeBand = (band: Band) => void;

/** Provides an image's pixels, once it is known which ones are needed. */
export interface PixelSource {
  readonly mode: RasterMode;
  readonly width: number;
  readonly height: number;
  /** The number of planes in its bands. */
  readonly planes: 1 | 3;
  /** Passes the rows of a part from the top, some at a time. @throws NotRenderedError */
  read(box: Box, scratch: Scratch, take: TakeBand): void;
  /** The whole image, if it is already decoded. */
  readonly raster?: Raster;
}

const ROWS = 16;

/** Decoded pixels. */
export class RasterSource implements PixelSource {
  readonly mode: RasterMode;
  readonly width: number;
  readonly height: number;
  readonly planes: 1 | 3;

  constructor(readonly raster: Raster) {
    this.mode = raster.mode;
    this.width = raster.width;
    this.height = raster.height;
    this.planes = channelsOf(raster.mode);
  }

  read(box: Box, scratch: Scratch, take: TakeBand): void {
    const { kernels } = scratch;
    const { planes: channels } = this;
    const width = box.right - box.left;
    const row = scratch.take(width * channels);
    const stride = (width + 31) & ~15;
    const first = scratch.take(ROWS * stride * channels);
    const planes = Array.from({ length: channels }, (_, c) => first + c * ROWS * stride);
    const memory = new Uint8Array(kernels.memory.buffer);
    for (let y = box.top; y < box.bottom; y += ROWS) {
      const rows = Math.min(ROWS, box.bottom - y);
      for (let i = 0, to = 0; i < rows; i++, to += stride) {
        const from = ((y + i) * this.width + box.left) * channels;
        const pixels = this.raster.data.subarray(from, from + width * channels);
        memory.set(pixels, channels === 1 ? first + to : row);
        if (channels === 1) continue;
        const [red = 0, green = 0, blue = 0] = planes;
        kernels.splitColours(row, width, red + to, green + to, blue + to);
      }
      take({ planes, stride, rows });
    }
  }
}

/** The same work on pixels that are decoded while they are read or, if that fails, in advance. */
export async function renderedOr<T>(
  image: { readonly source: PixelSource; decode(): Promise<PixelSource> },
  work: (source: PixelSource) => T,
): Promise<T> {
  try {
    return work(image.source);
  } catch (error) {
    if (error instanceof NotRenderedError) return work(await image.decode());
    throw error;
  }
}
