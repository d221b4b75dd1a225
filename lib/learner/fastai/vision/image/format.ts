/** Formats that are told apart; those of `decodable` are read. */
export type ImageFormat = 'JPEG' | 'PNG' | 'WebP' | 'GIF' | 'BMP' | 'TIFF';

const ascii = (text: string): readonly number[] => [...text].map((char) => char.charCodeAt(0));

interface Signature {
  readonly at: number;
  readonly bytes: readonly number[];
}

const at = (offset: number, bytes: readonly number[]): Signature => ({ at: offset, bytes });

const decodable: readonly (readonly [ImageFormat, readonly Signature[]])[] = [
  ['JPEG', [at(0, [0xff, 0xd8, 0xff])]],
  ['PNG', [at(0, [0x89, ...ascii('PNG\r\n'), 0x1a, 0x0a])]],
  ['WebP', [at(0, ascii('RIFF')), at(8, ascii('WEBP'))]],
  ['GIF', [at(0, ascii('GIF87a'))]],
  ['GIF', [at(0, ascii('GIF89a'))]],
  ['BMP', [at(0, ascii('BM'))]],
  ['TIFF', [at(0, [...ascii('II'), 42, 0])]],
  ['TIFF', [at(0, [...ascii('MM'), 0, 42])]],
  ['TIFF', [at(0, [...ascii('II'), 43, 0])]],
  ['TIFF', [at(0, [...ascii('MM'), 0, 43])]],
];

/** For messages only: people who send these want to hear what they sent. */
const refused: readonly (readonly [string, readonly Signature[]])[] = [
  ['an AVIF or HEIF file', [at(4, ascii('ftyp'))]],
  ['a PDF file', [at(0, ascii('%PDF'))]],
  ['an SVG or XML file', [at(0, ascii('<'))]],
  ['a Photoshop file', [at(0, ascii('8BPS'))]],
  ['a PostScript file', [at(0, ascii('%!PS'))]],
  ['a DDS file', [at(0, ascii('DDS '))]],
  ['an ICO file', [at(0, [0, 0, 1, 0])]],
  ['a JPEG 2000 file', [at(4, ascii('jP  '))]],
  ['a JPEG 2000 file', [at(0, [0xff, 0x4f, 0xff, 0x51])]],
  ['a JPEG XL file', [at(4, ascii('JXL '))]],
];

function matches(bytes: Uint8Array, signatures: readonly Signature[]): boolean {
  return signatures.every(({ at: offset, bytes: wanted }) =>
    wanted.every((byte, i) => bytes[offset + i] === byte),
  );
}

/** The format by the first bytes, whatever the file is called. */
export function formatOf(bytes: Uint8Array): ImageFormat | undefined {
  return decodable.find(([, signatures]) => matches(bytes, signatures))?.[0];
}

/** What bytes of no known format seem to be. */
export function describeUnknown(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'empty';
  return (
    refused.find(([, signatures]) => matches(bytes, signatures))?.[0] ??
    'of no format that is known'
  );
}
