import type { VisionKernels } from '../kernels/load.js';
import type { Scratch } from '../kernels/scratch.js';
import type { JpegHeader } from './jpeg-header.js';
import type { JpegLayout } from './jpeg-layout.js';
import { DQT, EOI, readScan, readSegment, SOS, withTable } from './jpeg-markers.js';
import type { JpegScan } from './jpeg-markers.js';

/** All coefficients of a component, in blocks of 128 bytes, one row of blocks after another. */
export interface Coefficients {
  readonly first: number;
  /** Bytes of a row. */
  readonly stride: number;
  /** Columns and rows of blocks in an MCU. */
  readonly across: number;
  readonly down: number;
  /** Columns and rows of blocks with image pixels; other blocks fill the last MCUs. */
  readonly columns: number;
  readonly rows: number;
}

/** libvips decodes larger images: the memory of the kernels never shrinks. */
const MAX_BYTES = 1 << 25;

/** The same limit as libvips. */
const MAX_SCANS = 100;

const BLOCK = 128;

/**
 * Decodes the scans of a progressive file, whose bytes are at `from` and fit into memory below
 * `top` once more. Undefined if anything is irregular or missing.
 */
export function readCoefficients(
  memory: Scratch,
  bytes: Uint8Array,
  from: number,
  top: number,
  header: JpegHeader,
  layout: JpegLayout,
): readonly Coefficients[] | undefined {
  const { kernels } = memory;
  const stores = storesFor(memory, header, layout);
  if (!stores) return undefined;
  const ids = header.components.map(({ id }) => id);
  // For each coefficient of each component: the last bit that arrived.
  const bits = ids.map(() => new Int8Array(64).fill(-1));
  let { tables } = header;
  let scan: JpegScan | undefined = header.scan;
  for (let count = 0; scan && count < MAX_SCANS; count++) {
    if (!follows(scan, bits) || !useTables(memory, scan, tables.huffman)) return undefined;
    const end = from + bytes.length;
    if (kernels.jpegScan(from + scan.at, end, top, tables.restartInterval) === 0) return undefined;
    if (!decode(kernels, scan, stores, layout)) return undefined;
    let at = kernels.jpegPosition() - from - 2;
    if (bytes[at + 1] === EOI)
      return bits.every((of) => of.every((bit) => bit === 0)) ? stores : undefined;
    let segment = readSegment(bytes, at);
    for (; segment && segment.marker !== SOS; segment = readSegment(bytes, at)) {
      const read = segment.marker === DQT ? undefined : withTable(tables, segment);
      if (!read) return undefined;
      tables = read;
      at = segment.end;
    }
    scan = segment && readScan(segment, ids);
  }
  return undefined;
}

function storesFor(
  memory: Scratch,
  header: JpegHeader,
  layout: JpegLayout,
): Coefficients[] | undefined {
  const { width, height } = header.stored;
  const stores = header.components.map((_, i) => {
    const [across, down] = i === 0 ? [layout.across, layout.down] : [1, 1];
    return {
      across,
      down,
      columns: Math.ceil((width * across) / (8 * layout.across)),
      rows: Math.ceil((height * down) / (8 * layout.down)),
      stride: layout.columns * across * BLOCK,
    };
  });
  const sizes = stores.map(({ stride, down }) => stride * down * layout.rows);
  if (sizes.reduce((sum, size) => sum + size) > MAX_BYTES) return undefined;
  const addresses = sizes.map((size) => memory.take(size));
  const data = new Uint8Array(memory.kernels.memory.buffer);
  for (const [i, address] of addresses.entries()) data.fill(0, address, address + sizes[i]!);
  return stores.map((store, i) => ({ ...store, first: addresses[i]! }));
}

/** Whether a scan may come next; if so, records its bits. */
function follows({ parts, start, end, high, low }: JpegScan, bits: readonly Int8Array[]): boolean {
  const isBand = start > 0 && end >= start && end <= 63 && parts.length === 1;
  if (!(isBand || (start === 0 && end === 0)) || low > 13) return false;
  for (const { component } of parts) {
    const before = bits[component]!;
    // The first coefficients of each component come first.
    if (isBand && before[0]! < 0) return false;
    for (let k = start; k <= end; k++) {
      const isNext = before[k]! < 0 ? high === 0 : high === before[k] && low === high - 1;
      if (!isNext) return false;
      before[k] = low;
    }
  }
  return true;
}

/** Passes the tables of a scan to the kernels. */
function useTables(
  memory: Scratch,
  { parts, start, high }: JpegScan,
  huffman: readonly (Uint8Array | undefined)[],
): boolean {
  // Refinement scans of the first coefficients contain plain bits, without Huffman codes.
  if (start === 0 && high > 0) return true;
  const slots = new Set(parts.map(({ dc, ac }) => (start === 0 ? dc : 2 + ac)));
  return [...slots].every((slot) => useHuffman(memory, slot, huffman[slot]));
}

/** Passes a Huffman table to the kernels. Returns whether it is valid. */
export function useHuffman(memory: Scratch, slot: number, table: Uint8Array | undefined): boolean {
  if (!table) return false;
  const mark = memory.mark();
  const address = memory.take(16 + 256);
  const data = new Uint8Array(memory.kernels.memory.buffer, address, 16 + 256);
  data.fill(0);
  data.set(table);
  memory.release(mark);
  return memory.kernels.jpegHuffmanTable(slot, address) !== 0;
}

function decode(
  kernels: VisionKernels,
  { parts, start, end, high, low }: JpegScan,
  stores: readonly Coefficients[],
  layout: JpegLayout,
): boolean {
  // A scan of one component has MCUs of one block, and no blocks outside the image.
  const isSingle = parts.length === 1;
  for (const { component, dc, ac } of parts) {
    const { first, stride, across, down } = stores[component]!;
    const [h, v] = isSingle ? [1, 1] : [across, down];
    for (let y = 0; y < v; y++) {
      for (let x = 0; x < h; x++) {
        const at = first + y * stride + x * BLOCK;
        kernels.jpegBlock(component, dc, 2 + ac, 8, at, v * stride, h * BLOCK);
      }
    }
  }
  const single = stores[parts[0]!.component]!;
  const { rows, columns } = isSingle ? single : layout;
  return kernels.jpegProgressiveScan(rows, columns, start, end, high === 0 ? 1 : 0, low) !== 0;
}
