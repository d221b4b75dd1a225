/** The supported formats. */
export type ImageFormat = 'JPEG' | 'PNG' | 'WebP' | 'GIF' | 'BMP' | 'TIFF' | 'PPM';

/** A format, and how its files may begin; a question mark matches any byte. */
type Beginnings<Name extends string> = readonly (readonly [Name, ...string[]])[];

const decodable: Beginnings<ImageFormat> = [
  ['JPEG', '\xff\xd8\xff'],
  ['PNG', '\x89PNG\r\n\x1a\n'],
  ['WebP', 'RIFF????WEBP'],
  ['GIF', 'GIF87a', 'GIF89a'],
  ['BMP', 'BM'],
  ['TIFF', 'II*\0', 'MM\0*', 'II+\0', 'MM\0+'],
  ['PPM', 'P1', 'P2', 'P3', 'P4', 'P5', 'P6'],
];

/** Only for messages: senders of these formats want to see the name of what they sent. */
const refused: Beginnings<string> = [
  ['an AVIF or HEIF file', '????ftyp'],
  ['a PDF file', '%PDF'],
  ['an SVG or XML file', '<'],
  ['a Photoshop file', '8BPS'],
  ['a PostScript file', '%!PS'],
  ['a DDS file', 'DDS '],
  ['an ICO file', '\0\0\x01\0'],
  ['a JPEG 2000 file', '????jP  ', '\xff\x4f\xff\x51'],
  ['a JPEG XL file', '????JXL '],
];

function match<Name extends string>(bytes: Uint8Array, table: Beginnings<Name>): Name | undefined {
  const begins = (beginning: string): boolean =>
    [...beginning].every((char, i) => char === '?' || char.charCodeAt(0) === bytes[i]);
  return table.find(([, ...beginnings]) => beginnings.some(begins))?.[0];
}

/** The format by the first bytes, whatever the file name. */
export function formatOf(bytes: Uint8Array): ImageFormat | undefined {
  return match(bytes, decodable);
}

/** A description of bytes in an unsupported format. */
export function describeUnknown(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'empty';
  return match(bytes, refused) ?? 'in an unknown format';
}
