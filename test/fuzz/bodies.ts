import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { PandasDataFrame, type DataFrameFormat } from 'nestjs-vts';
import sharp from 'sharp';
import { multipart } from './multipart.js';

const FORMATS = ['jpeg', 'png', 'webp', 'gif', 'tiff'] as const;

/** A picture in a format that decoders know. */
export interface Picture {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** Pictures of all formats, in odd sizes, of one, two, three and four channels. */
export async function makePictures(): Promise<Picture[]> {
  const sizes = [
    [1, 1],
    [7, 300],
    [90, 64],
  ] as const;
  const made: Promise<Picture>[] = [];
  for (const format of FORMATS) {
    sizes.forEach(([width, height], index) => {
      const channels = ([1, 3, 4] as const)[index] ?? 3;
      const data = Buffer.from(
        Array.from({ length: width * height * channels }, (_, at) => (at * 37) % 256),
      );
      made.push(
        sharp(data, { raw: { width, height, channels } })
          .toFormat(format)
          .toBuffer()
          .then((bytes) => ({ type: `image/${format}`, bytes })),
      );
    });
  }
  return Promise.all(made);
}

const ROWS = [
  { workclass: 'Private', education: 'Masters', sex: 'F', is_married: true, age: 40, years: 3.5 },
  { workclass: null, education: 'HS-grad', sex: null, is_married: false, age: null, years: 0 },
];

/** Files that some endpoint takes, to be broken. */
export async function makeFiles(pictures: readonly Picture[]): Promise<Uint8Array[]> {
  return [
    ...pictures.map(({ bytes }) => bytes),
    await frameFile(ROWS, 'parquet'),
    await frameFile(ROWS, 'csv'),
  ];
}

/** Rows as a file. */
export async function frameFile(rows: readonly object[], format: DataFrameFormat): Promise<Buffer> {
  const columns = Object.keys(rows[0] ?? {});
  const full = rows.map((row) =>
    Object.fromEntries(
      columns.map((name) => [name, (row as Record<string, unknown>)[name] ?? null]),
    ),
  );
  const { body } = await new PandasDataFrame({ defaultFormat: format }).serialize(full as never);
  return Buffer.from(body as string);
}

/** JSON that is valid, and texts that only look like it. */
const jsonTexts: fc.Arbitrary<string> = fc.oneof(
  fc.json({ maxDepth: 4 }),
  fc.json({ maxDepth: 3, stringUnit: 'binary' }).map((text) => text.slice(0, -1)),
  fc.constantFrom(
    'NaN',
    '[NaN, Infinity, -Infinity]',
    '[1e999, -1e999, 1e-999]',
    '[123456789012345678901234567890123456789012345678901234567890]',
    `[${'9'.repeat(400)}]`,
    '{"a":1,"a":2,"a":[]}',
    '{"__proto__":{"text":"x","nWords":1},"constructor":{"prototype":{"polluted":1}}}',
    '[{"__proto__":{"age":1}},{"__proto__":null},{"toString":1,"hasOwnProperty":2}]',
    '{"text":"a","nWords":3,"__proto__":{"polluted":true}}',
    '"\\ud800"',
    '["\\udfff\\u0000"]',
    '{"text":"\\ud83c\\u0000","nWords":2}',
    '\uFEFF[1]',
    "{'a': 1}",
    '[1,]',
    '[1] [2]',
    '/* a */ 1',
    '[]',
    '[[]]',
    '[[[[]]],[]]',
    '{}',
    '[{}]',
    'null',
    '[null]',
    'true',
    '""',
    ' ',
    '-',
    '01',
  ),
  fc
    .tuple(fc.constantFrom('[', '{"a":', '[{"a":[', '[[1,'), fc.nat({ max: 20_000 }))
    .map(([open, times]) => open.repeat(times)),
  fc.nat({ max: 3000 }).map((depth) => '['.repeat(depth) + ']'.repeat(depth)),
  fc.nat({ max: 3000 }).map((depth) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`),
  fc.nat({ max: 50_000 }).map((count) => `[${'0,'.repeat(count)}0]`),
  fc.nat({ max: 5000 }).map((count) => `[${'[1,2],'.repeat(count)}[1,2]]`),
  // A column of its own for each row, which is a cell in all others.
  fc
    .nat({ max: 20_000 })
    .map((count) => JSON.stringify(Array.from({ length: count }, (_, at) => ({ [`c${at}`]: 1 })))),
  fc
    .array(fc.string({ maxLength: 6 }), { maxLength: 300 })
    .map((names) => JSON.stringify([Object.fromEntries(names.map((name, at) => [name, at]))])),
);

const csvTexts = fc.oneof(
  fc
    .array(fc.array(fc.string({ maxLength: 8 }), { maxLength: 8 }), { maxLength: 8 })
    .map((rows) => rows.map((row) => row.join(',')).join('\n')),
  fc.constantFrom(
    '',
    '\n',
    ',',
    'a,a\n1,2',
    '"a\n1',
    'age\n"1""',
    'age;hours\n1;2',
    '\0,\0\n\0',
    'a\r1\r2',
  ),
);

const texts = fc.oneof(
  fc.string({ maxLength: 300, unit: 'binary' }),
  fc.string({ maxLength: 300, unit: 'grapheme' }),
  fc
    .tuple(
      fc.constantFrom('a', '!', ' ', '\n', 'ab ', '😀', '<br />', '&#39;', '\u0301', '('),
      fc.nat(3000),
    )
    .map(([unit, times]) => unit.repeat(times)),
);

const formTexts = fc.oneof(
  fc.constantFrom(
    '--x\r\n\r\n',
    '--x--\r\n',
    '--x\r\nContent-Disposition: form-data; name="before"\r\n\r\n',
    '--x\r\nContent-Disposition: form-data; name="before"\r\n\r\na\r\n--x--',
    '--x\r\nContent-Disposition: form-data; name="note"\r\n\r\na\r\n--x--',
    '--x\r\nContent-Disposition: form-data; name="__proto__"\r\n\r\na\r\n--x--\r\n',
    `--x\r\n${'A: b\r\n'.repeat(5000)}\r\n\r\n--x--`,
    `${'--x\r\n\r\na\r\n'.repeat(1200)}--x--`,
    'before=a&after=b',
  ),
  fc
    .array(
      fc.record({
        name: fc.constantFrom('before', 'after', 'note', '', 'toString', 'a"b'),
        type: fc.constantFrom(undefined, 'image/png', 'text/plain', 'text/plain; charset=x', '/'),
        bytes: fc.uint8Array({ maxLength: 60 }),
      }),
      { maxLength: 5 },
    )
    .map((parts) => multipart(parts, 'x')),
);

/** Files of the formats that are read, with something broken in most of them. */
function brokenFiles(files: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const edits = fc.array(
    fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      // Headers and footers are where lengths and sizes are.
      end: fc.constantFrom('start', 'end', 'anywhere'),
      byte: fc.oneof(fc.constantFrom(0, 255, 127, 128), fc.nat(255)),
    }),
    { maxLength: 12 },
  );
  return fc
    .record({
      file: fc.constantFrom(...files),
      edits,
      keep: fc.oneof(
        { weight: 3, arbitrary: fc.constant(1) },
        fc.double({ min: 0, max: 1, noNaN: true }),
      ),
    })
    .map(({ file, edits: all, keep }) => {
      const bytes = new Uint8Array(file.slice(0, Math.ceil(file.length * keep)));
      for (const { at, end, byte } of all) {
        const span = end === 'anywhere' ? bytes.length : Math.min(64, bytes.length);
        const offset = Math.min(span - 1, Math.floor(at * span));
        bytes[end === 'end' ? bytes.length - 1 - offset : offset] = byte;
      }
      return bytes;
    });
}

/** Bodies of every kind, right for some endpoint or for none. */
export function anyBodies(files: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    { weight: 4, arbitrary: jsonTexts.map(utf8) },
    { weight: 2, arbitrary: texts.map(utf8) },
    { weight: 2, arbitrary: csvTexts.map(utf8) },
    {
      weight: 2,
      arbitrary: formTexts.map((form) => (typeof form === 'string' ? utf8(form) : form)),
    },
    { weight: 3, arbitrary: brokenFiles(files) },
    { weight: 2, arbitrary: fc.uint8Array({ maxLength: 400 }) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(texts, fc.constantFrom([0xff], [0xc3], [0xed, 0xa0, 0x80], [0xf5, 0x80]))
        .map(([text, broken]) => Buffer.concat([utf8(text), Uint8Array.from(broken)])),
    },
    { weight: 1, arbitrary: texts.map((text) => Buffer.from(`\uFEFF${text}`, 'utf16le')) },
  );
}

const BOMB = gzipSync(Buffer.alloc(40_000_000));
const BROTLI_BOMB = brotliCompressSync(Buffer.alloc(40_000_000), { params: { 1: 1 } });

/** A body as it travels, with the name of how it is compressed. */
export interface Encoded {
  readonly encoding: string | undefined;
  readonly bytes: Uint8Array;
}

/** Compressed in one of the ways that are taken, in others, or not as the header says. */
export function encoded(bodies: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Encoded> {
  const same = (bytes: Uint8Array): Uint8Array => bytes;
  const ways: readonly (readonly [string, (bytes: Uint8Array) => Uint8Array])[] = [
    ['gzip', gzipSync],
    ['GZIP', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['identity', same],
    ['gzip', same],
    ['br', same],
    ['deflate', gzipSync],
    ['gzip', (bytes) => gzipSync(bytes).subarray(0, -5)],
    ['gzip', (bytes) => Buffer.concat([gzipSync(bytes), Buffer.from('more')])],
    ['gzip, gzip', (bytes) => gzipSync(gzipSync(bytes))],
    ['zstd', same],
    ['', same],
    ['\u00e9', same],
  ];
  const bombs: readonly Encoded[] = [
    { encoding: 'gzip', bytes: BOMB },
    { encoding: 'br', bytes: BROTLI_BOMB },
  ];
  return fc.oneof(
    { weight: 12, arbitrary: bodies.map((bytes) => ({ encoding: undefined, bytes })) },
    {
      weight: 4,
      arbitrary: fc
        .tuple(bodies, fc.constantFrom(...ways))
        .map(([bytes, [encoding, encode]]) => ({ encoding, bytes: encode(bytes) })),
    },
    { weight: 1, arbitrary: fc.constantFrom(...bombs) },
  );
}

function utf8(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}
