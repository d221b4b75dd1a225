import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const INDEXED = 3;

/** Red, green and blue, 0..255. @publicApi */
export type Colour = readonly [red: number, green: number, blue: number];

/** A PNG with exactly the given indices as pixels, as a mask of class ids needs. */
export function indexedPng(
  indices: Uint8Array,
  width: number,
  height: number,
  palette: readonly Colour[],
): Uint8Array {
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8);
  header.setUint8(9, INDEXED);
  const rows = new Uint8Array((width + 1) * height);
  for (let y = 0; y < height; y++) {
    // Every row begins with its filter: none.
    rows.set(indices.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  }
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', new Uint8Array(header.buffer)),
    chunk('PLTE', Uint8Array.from(palette.flat())),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const name = Buffer.from(type, 'latin1');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(data, crc32(name)));
  return Buffer.concat([length, name, data, check]);
}

/** Distinct colours: black, and then those of the PASCAL VOC masks. */
export function classColours(count: number): Colour[] {
  return Array.from({ length: count }, (_, index): Colour => {
    const colour: [number, number, number] = [0, 0, 0];
    // Distributes the bits of the index three by three, from the highest bit of each channel down.
    for (let bits = index, shift = 7; bits > 0; bits >>= 3, shift--) {
      for (let c = 0; c < 3; c++) colour[c]! |= ((bits >> c) & 1) << shift;
    }
    return colour;
  });
}
