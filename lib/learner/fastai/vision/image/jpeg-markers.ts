/** Tables from markers; a progressive file has more before each scan. */
export interface JpegTables {
  /** 64 divisors for each number. */
  readonly divisors: readonly (Uint16Array | undefined)[];
  /** DC 0 and 1, AC 0 and 1: 16 counts and the symbols. */
  readonly huffman: readonly (Uint8Array | undefined)[];
  /** MCUs between restart markers; 0 without any. */
  readonly restartInterval: number;
}

/** The coefficients and components of a scan, and its Huffman tables. */
export interface JpegScan {
  readonly parts: readonly {
    readonly component: number;
    readonly dc: number;
    readonly ac: number;
  }[];
  /** The first and last coefficient, in the file's order. */
  readonly start: number;
  readonly end: number;
  /** The last bit of the previous scan, 0 for none, and the last of this one. */
  readonly high: number;
  readonly low: number;
  /** The offset of its bits. */
  readonly at: number;
}

/** A marker and its data. */
export interface JpegSegment {
  readonly marker: number;
  readonly data: Uint8Array;
  readonly end: number;
}

export const SOS = 0xda;
export const EOI = 0xd9;
export const DQT = 0xdb;
const DHT = 0xc4;
const DRI = 0xdd;
export const APP0 = 0xe0;
const APP15 = 0xef;
const COMMENT = 0xfe;

/** The marker at `at`; undefined if it is missing or incomplete. */
export function readSegment(bytes: Uint8Array, at: number): JpegSegment | undefined {
  let from = at;
  while (bytes[from] === 0xff && bytes[from + 1] === 0xff) from++;
  if (bytes[from] !== 0xff || from + 4 > bytes.length) return undefined;
  const marker = bytes[from + 1]!;
  const end = from + 2 + word(bytes, from + 2);
  if (end < from + 4 || end > bytes.length) return undefined;
  return { marker, data: bytes.subarray(from + 4, end), end };
}

/** The tables with those of a marker added; undefined for irregular or other markers. */
export function withTable(
  tables: JpegTables,
  { marker, data }: JpegSegment,
): JpegTables | undefined {
  const { divisors, huffman } = tables;
  if (marker === DQT) {
    const read = readDivisors(data, divisors);
    return read && { ...tables, divisors: read };
  }
  if (marker === DHT) {
    const read = readHuffman(data, huffman);
    return read && { ...tables, huffman: read };
  }
  if (marker === DRI) {
    return data.length === 2 ? { ...tables, restartInterval: word(data, 0) } : undefined;
  }
  return (marker >= APP0 && marker <= APP15) || marker === COMMENT ? tables : undefined;
}

/** The contents of a scan for components with these ids. */
export function readScan(
  { data, end: at }: JpegSegment,
  ids: readonly number[],
): JpegScan | undefined {
  const count = data[0]!;
  if (data.length !== 4 + 2 * count || count < 1 || count > ids.length) return undefined;
  const parts = Array.from({ length: count }, (_, i) => ({
    component: ids.indexOf(data[1 + 2 * i]!),
    dc: data[2 + 2 * i]! >> 4,
    ac: data[2 + 2 * i]! & 15,
  }));
  const isKnown = parts.every(
    ({ component, dc, ac }, i) =>
      component > (i === 0 ? -1 : parts[i - 1]!.component) && dc <= 1 && ac <= 1,
  );
  const [start, end, approximation] = data.subarray(1 + 2 * count) as unknown as number[];
  const [high, low] = [approximation! >> 4, approximation! & 15];
  return isKnown ? { parts, start: start!, end: end!, high, low, at } : undefined;
}

export function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function startsWith(data: Uint8Array, text: string): boolean {
  return [...text].every((char, i) => char.charCodeAt(0) === data[i]);
}

function readDivisors(
  data: Uint8Array,
  before: JpegTables['divisors'],
): JpegTables['divisors'] | undefined {
  const divisors = [...before];
  let at = 0;
  while (at < data.length) {
    const [precision, number] = [data[at]! >> 4, data[at]! & 15];
    const size = precision === 0 ? 64 : 128;
    at++;
    if (precision > 1 || number > 3 || at + size > data.length) return undefined;
    const table = new Uint16Array(64);
    for (let k = 0; k < 64; k++)
      table[k] = precision === 0 ? data[at + k]! : word(data, at + 2 * k);
    divisors[number] = table;
    at += size;
  }
  return divisors;
}

function readHuffman(
  data: Uint8Array,
  before: JpegTables['huffman'],
): JpegTables['huffman'] | undefined {
  const huffman = [...before];
  let at = 0;
  while (at < data.length) {
    const [kind, number] = [data[at]! >> 4, data[at]! & 15];
    let end = at + 17;
    if (kind > 1 || number > 1 || end > data.length) return undefined;
    for (let i = at + 1; i < at + 17; i++) end += data[i]!;
    if (end > data.length || end - at - 17 > 256) return undefined;
    huffman[2 * kind + number] = data.subarray(at + 1, end);
    at = end;
  }
  return huffman;
}
