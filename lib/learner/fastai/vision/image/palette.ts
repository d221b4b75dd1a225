import { blank, convertRaster, type Raster, type RasterMode } from './raster.js';

/** 256 colours; entries missing in the file are black, as in PIL. */
export class Palette {
  readonly #colours = new Uint8Array(256 * 3);

  /** Each index is the grey of the same value. */
  static greys(): Palette {
    const palette = new Palette();
    for (let i = 0; i < 256; i++) palette.set(i, i, i, i);
    return palette;
  }

  set(index: number, red: number, green: number, blue: number): void {
    this.#colours[index * 3] = red;
    this.#colours[index * 3 + 1] = green;
    this.#colours[index * 3 + 2] = blue;
  }

  /** PIL's `convert` of a palette image; it ignores transparency, like `convert('RGB')`. */
  apply(indices: Uint8Array, width: number, height: number, mode: RasterMode): Raster {
    const out = blank('RGB', width, height);
    const colours = this.#colours;
    for (let i = 0, to = 0; i < indices.length; i++, to += 3) {
      const from = indices[i]! * 3;
      out.data[to] = colours[from]!;
      out.data[to + 1] = colours[from + 1]!;
      out.data[to + 2] = colours[from + 2]!;
    }
    return convertRaster(out, mode);
  }
}
