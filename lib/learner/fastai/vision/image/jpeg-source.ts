import type { Scratch } from '../kernels/scratch.js';
import { decodeJpeg, type Box } from './jpeg.js';
import { atScale, type JpegHeader, type JpegScale } from './jpeg-header.js';
import { NotRenderedError, type PixelSource, type TakeBand } from './pixel-source.js';
import type { RasterMode } from './raster.js';

/** A JPEG with only its header read. */
export class JpegSource implements PixelSource {
  readonly width: number;
  readonly height: number;
  readonly planes: 1 | 3;
  readonly scale: JpegScale;

  constructor(
    readonly encoded: Uint8Array,
    private readonly header: JpegHeader,
    readonly mode: RasterMode,
  ) {
    this.scale = header.scale;
    this.width = header.width;
    this.height = header.height;
    this.planes = mode === 'L' || header.mode === 'L' ? 1 : 3;
  }

  /** The same image with fewer pixels, as libjpeg decodes it. */
  atScale(scale: JpegScale): JpegSource {
    return new JpegSource(this.encoded, atScale(this.header, scale), this.mode);
  }

  read(box: Box, _scratch: Scratch, take: TakeBand): void {
    if (!decodeJpeg(this.encoded, this.header, this.mode, box, take)) throw new NotRenderedError();
  }
}
