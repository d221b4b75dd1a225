import { atScale, readJpegHeader, type JpegScale } from './jpeg-header.js';
import { JpegSource } from './jpeg-source.js';
import { NotRenderedError } from './pixel-source.js';
import type { RasterMode } from './raster.js';
import { toPlanes } from './render.js';
import { View, type Plan } from './view.js';

/** A JPEG and its view, as plain data for another thread. */
export interface RenderJob {
  readonly encoded: Uint8Array;
  readonly scale: JpegScale;
  readonly mode: RasterMode;
  readonly plan: Plan;
  readonly tables: Float32Array;
}

/** Like `toPlanes` of the view. @throws NotRenderedError */
export function doJob({
  encoded,
  scale,
  mode,
  plan,
  tables,
}: RenderJob): Float32Array<ArrayBuffer> {
  const header = readJpegHeader(encoded);
  if (!header) throw new NotRenderedError();
  const view = View.planned(new JpegSource(encoded, atScale(header, scale), mode), plan);
  const out = new Float32Array((tables.length / 256) * view.width * view.height);
  toPlanes(view, tables, out);
  return out;
}
