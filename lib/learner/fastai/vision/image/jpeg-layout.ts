import type { JpegHeader } from './jpeg-header.js';

/** A part of an image in whole pixels: the first, and the one after the last. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The MCUs (the units of a scan) that the pixels of a box need, and their results. */
export interface JpegLayout {
  /** Columns and rows of MCUs in the image. */
  readonly columns: number;
  readonly rows: number;
  /** The needed MCUs, up to but not including the end. */
  readonly firstColumn: number;
  readonly endColumn: number;
  readonly firstRow: number;
  readonly endRow: number;
  /** Columns and rows of luma's blocks in an MCU; other components have one block. */
  readonly across: number;
  readonly down: number;
  /** Samples per side of a block of luma, and of one of chroma. */
  readonly block: number;
  readonly chromaBlock: number;
  /** Pixels across and down per sample of chroma. */
  readonly h: number;
  readonly v: number;
  /** Whether chroma is interpolated if there are more pixels than samples. */
  readonly isSmooth: boolean;
  /** Samples of chroma in the image. */
  readonly chromaWidth: number;
  readonly chromaHeight: number;
  /** Pixels of an MCU. */
  readonly mcuWidth: number;
  readonly mcuHeight: number;
  /** Rows above and below that a row of pixels needs. */
  readonly context: number;
}

/** libjpeg's choice. */
export function layoutOf(header: JpegHeader, box: Box): JpegLayout {
  const { width, height } = header.stored;
  const [luma, ...others] = header.components;
  // A single component has one block in an MCU, regardless of its sampling factors.
  const [across, down] = others.length === 0 ? [1, 1] : [luma!.h, luma!.v];
  const block = 8 / header.scale;
  // Chroma stored at half size is decoded at twice the scale.
  const fits = (size: number): boolean =>
    size <= 8 && (across * block) % size === 0 && (down * block) % size === 0;
  let chromaBlock = block;
  while (fits(chromaBlock * 2)) chromaBlock *= 2;
  const [h, v] = [(across * block) / chromaBlock, (down * block) / chromaBlock];
  const chromaWidth = Math.ceil((width * chromaBlock) / (8 * across));
  const chromaHeight = Math.ceil((height * chromaBlock) / (8 * down));
  const isSmooth = block > 1 && (h === 1 || chromaWidth > 2);
  const [mcuWidth, mcuHeight] = [across * block, down * block];
  const columns = Math.ceil(width / (8 * across));
  const rows = Math.ceil(height / (8 * down));
  const beside = h === 2 && isSmooth ? 2 : 0;
  const context = v === 2 && isSmooth ? 1 : 0;
  return {
    columns,
    rows,
    firstColumn: Math.floor(Math.max(0, box.left - beside) / mcuWidth),
    endColumn: Math.min(columns, Math.ceil((box.right + beside) / mcuWidth)),
    firstRow: Math.floor(Math.max(0, box.top - context) / mcuHeight),
    endRow: Math.min(rows, Math.ceil((box.bottom + context) / mcuHeight)),
    across,
    down,
    block,
    chromaBlock,
    h,
    v,
    isSmooth,
    chromaWidth,
    chromaHeight,
    mcuWidth,
    mcuHeight,
    context,
  };
}
