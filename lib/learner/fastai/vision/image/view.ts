import { axisOf, type Axis } from './axis.js';
import type { Resample } from './filters.js';
import { crop, pad, type Margins, type PadMode } from './frame.js';
import type { Box } from './jpeg.js';
import type { JpegScale } from './jpeg-header.js';
import { RasterSource, type PixelSource } from './pixel-source.js';
import { convertRaster, type Raster, type RasterMode } from './raster.js';
import { toRaster } from './render.js';
import { resize } from './resample.js';
import { columnsFirst } from './weights.js';

/** The operations on an image, in this order. Plain data. */
export interface Plan {
  /** The visible part. */
  readonly box: Box;
  /** The padding around it. */
  readonly margins: Margins;
  readonly padMode: PadMode;
  /** The size after resampling. */
  readonly width: number;
  readonly height: number;
  readonly resample: Resample;
  /** The kept part. */
  readonly window: Box;
}

const SCALES: readonly JpegScale[] = [8, 4, 2];
/**
 * Pillow's `reducing_gap`: along each axis, this many times the pixels of the result are enough.
 */
const GAP = 2;

const NONE: Margins = { left: 0, top: 0, right: 0, bottom: 0 };

/**
 * An image after transforms, before a pixel is computed: once all transforms are known, only the
 * pixels that matter are decoded, and go through all steps at once.
 */
export class View {
  private constructor(
    readonly source: PixelSource,
    readonly mode: RasterMode,
    readonly plan: Plan,
  ) {}

  /** A whole image, converted like PIL's `convert`. */
  static of(source: PixelSource, mode: RasterMode = source.mode): View {
    return new View(source, mode, whole(source));
  }

  /** The work on the same image for another thread. */
  static planned(source: PixelSource, plan: Plan): View {
    return new View(source, source.mode, plan);
  }

  get width(): number {
    return this.plan.window.right - this.plan.window.left;
  }

  get height(): number {
    return this.plan.window.bottom - this.plan.window.top;
  }

  /** Like `crop` of a raster. */
  crop(left: number, top: number, right: number, bottom: number): View {
    const { box, window } = this.plan;
    if (this.#isPart) {
      const part = moved({ left, top, right, bottom }, box);
      return this.#with({ ...whole({ width: right - left, height: bottom - top }), box: part });
    }
    return this.#with({ ...this.plan, window: moved({ left, top, right, bottom }, window) });
  }

  /** Like `pad` of a raster. */
  pad(margins: Margins, padMode: PadMode): View {
    const { left, top, right, bottom } = margins;
    if (left === 0 && top === 0 && right === 0 && bottom === 0) return this;
    if (!this.#isPart) return this.#settled().pad(margins, padMode);
    const width = this.width + left + right;
    const height = this.height + top + bottom;
    return this.#with({ ...whole({ width, height }), box: this.plan.box, margins, padMode });
  }

  /** Like `resize` of a raster. */
  resize(width: number, height: number, resample: Resample): View {
    if (width === this.width && height === this.height) return this;
    if (!this.#isWhole) return this.#settled().resize(width, height, resample);
    const { box, margins, padMode } = this.plan;
    return this.#with({ ...whole({ width, height }), box, margins, padMode, resample });
  }

  /** Each axis separately; undefined if the kernels do not support it. */
  get axes(): { readonly columns: Axis; readonly rows: Axis } | undefined {
    const { box, margins, padMode, width, height, resample, window } = this.plan;
    const columns = axisOf({
      source: box.right - box.left,
      before: margins.left,
      after: margins.right,
      size: width,
      from: window.left,
      to: window.right,
      padMode,
      resample,
    });
    const rows = axisOf({
      source: box.bottom - box.top,
      before: margins.top,
      after: margins.bottom,
      size: height,
      from: window.top,
      to: window.bottom,
      padMode,
      resample,
    });
    return columns && rows && { columns, rows };
  }

  get box(): Box {
    return this.plan.box;
  }

  /** Which axis is resampled first. */
  get columnsFirst(): boolean {
    const { width, height } = this.plan;
    return columnsFirst(this.#padded, width, height);
  }

  /** How much smaller the decoded image may be, with enough pixels left for resampling. */
  get reduction(): JpegScale {
    const { width, height } = this.#padded;
    const most = Math.min(width / this.plan.width, height / this.plan.height) / GAP;
    return SCALES.find((scale) => scale <= most) ?? 1;
  }

  /** The same step by step on rasters: the kernels' reference. */
  stepByStep(raster: Raster): Raster {
    const { box, margins, padMode, width, height, resample, window } = this.plan;
    const part = crop(convertRaster(raster, this.mode), box.left, box.top, box.right, box.bottom);
    const resized = resize(pad(part, margins, padMode), width, height, resample);
    return crop(resized, window.left, window.top, window.right, window.bottom);
  }

  get #padded(): { width: number; height: number } {
    const { box, margins } = this.plan;
    return {
      width: margins.left + box.right - box.left + margins.right,
      height: margins.top + box.bottom - box.top + margins.bottom,
    };
  }

  /** Whether the view is only a part of the image. */
  get #isPart(): boolean {
    return this.plan.margins === NONE && this.#isWhole;
  }

  /** Whether there is no resampling or cropping after the padding. */
  get #isWhole(): boolean {
    const { width, height } = this.#padded;
    return (
      this.plan.width === width &&
      this.plan.height === height &&
      this.width === width &&
      this.height === height
    );
  }

  #with(plan: Plan): View {
    return new View(this.source, this.mode, plan);
  }

  /** Computes the pixels, so that another step may follow. */
  #settled(): View {
    return View.of(new RasterSource(toRaster(this)));
  }
}

function whole({ width, height }: { readonly width: number; readonly height: number }): Plan {
  const box: Box = { left: 0, top: 0, right: width, bottom: height };
  return { box, margins: NONE, padMode: 'zeros', width, height, resample: 'bilinear', window: box };
}

function moved(part: Box, { left, top }: Box): Box {
  return {
    left: left + part.left,
    top: top + part.top,
    right: left + part.right,
    bottom: top + part.bottom,
  };
}
