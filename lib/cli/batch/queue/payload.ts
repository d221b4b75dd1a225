import { isS3, parseS3, unusableKey } from '../../s3/address.js';
import { MOST_FILES } from '../files.js';
import { PARTS } from '../layout.js';
import {
  finite,
  flag,
  list,
  oneOf,
  optional,
  pair,
  QueuePayloadError,
  record,
  text,
  whole,
  type Check,
  type Checked,
} from './check.js';
import { MOST_CHARACTERS } from '../where/parse-where.js';
import { FORMAT, ID } from './names.js';

const MOST_NAME = 4096;
const MOST_COLUMNS = 20_000;
const MOST_ITEMS = 100_000;
/** Rows of a chunk: a worker has them in memory. */
export const MOST_ROWS = 1_000_000;
const MOST_CHUNKS = 99_999_999;

const name = text(MOST_NAME);
const formats = ['csv', 'tsv', 'jsonl', 'parquet', 'lines', 'item'] as const;
/** Below the root, with slashes, without `..`, and without what no file system has. */
// eslint-disable-next-line no-control-regex
const below = text(MOST_NAME, /^(?!\/)(?!(?:.*\/)?\.{1,2}(?:\/|$))(?!.*\/\/)[^\0\\]+$/s);

/** The same, or an object of S3 as this package names it. */
const located: Check<string> = (value, path) => {
  if (typeof value !== 'string' || !isS3(value)) return below(value, path);
  const { key = '' } = parseS3(value) ?? {};
  if (key !== '' && unusableKey(key) === undefined) return value;
  throw new QueuePayloadError(path, 'an address s3://bucket/key');
};
const etag = text(200, /^[!#-~]+$/);

const fileFacts = record({
  path: located,
  format: oneOf(...formats),
  size: whole(),
  mtimeMs: finite,
  partition: list(pair(name, name), 100),
  etag: optional(etag),
});
const file: typeof fileFacts = (value, path) => {
  const facts = fileFacts(value, path);
  if (isS3(facts.path) === (facts.etag !== undefined)) return facts;
  throw new QueuePayloadError(`${path}.etag`, 'present for an S3 object, and for no other file');
};
export type FilePayload = Checked<typeof file>;

const element = record({
  name,
  type: optional(text(40, /^[A-Z0-9_]+$/)),
  type_length: optional(whole(2 ** 31)),
  repetition_type: optional(oneOf('REQUIRED', 'OPTIONAL')),
  converted_type: optional(text(40, /^[A-Z0-9_]+$/)),
  scale: optional(whole(1000)),
  precision: optional(whole(1000)),
  field_id: optional(whole(2 ** 31)),
  logical_type: optional(
    record({
      type: text(40, /^[A-Z0-9_]+$/),
      isAdjustedToUTC: optional(flag),
      unit: optional(oneOf('MILLIS', 'MICROS', 'NANOS')),
      precision: optional(whole(1000)),
      scale: optional(whole(1000)),
      bitWidth: optional(whole(64)),
      isSigned: optional(flag),
    }),
  ),
});

const column = record({
  name,
  type: oneOf('any', 'text', 'json', 'float'),
  element: optional(element),
});

/** A batch that is at work: what all of its chunks have in common. */
export const readOrder = record({
  v: oneOf(FORMAT),
  id: text(16, ID),
  created: whole(),
  /** Of the package; other versions may give other numbers. */
  version: text(100),
  model: record({
    /** As people call it. */
    tag: text(MOST_NAME),
    /** What decides: SHA-256 of its files and options, in hexadecimal. */
    digest: text(64, /^[0-9a-f]{64}$/),
    /** Bytes of its files. */
    bytes: whole(),
  }),
  /** The coordinator's folder that paths are relative to, as its output names files. */
  root: text(MOST_NAME),
  /** The folder that takes the chunks' files, or what their keys begin with; it has the id. */
  folder: located,
  output: located,
  /** The coordinator's path of the folder that names of masks are relative to. */
  masks: optional(text(MOST_NAME)),
  kept: list(column, MOST_COLUMNS),
  parts: list(oneOf(...PARTS), PARTS.length),
  /** Columns to read; undefined for all. */
  names: optional(list(name, MOST_COLUMNS)),
  /** Columns to predict from; undefined where that is a matter of each row. */
  needed: optional(list(name, MOST_COLUMNS)),
  column: optional(name),
  /** The rows that are predicted, as SQL tells them; undefined for all. */
  where: optional(text(MOST_CHARACTERS)),
  chunkRows: whole(MOST_ROWS, 1),
  embeddings: flag,
  words: optional(whole(1_000_000)),
  temperature: optional(finite),
  minP: optional(finite),
  seed: optional(whole()),
  stop: optional(name),
});
export type BatchOrder = Checked<typeof readOrder>;

const range = {
  /** The place of its first row in the file. */
  first: whole(),
  /** Rows that are read, and how many of those that a condition leaves are predicted. */
  rows: whole(MOST_ROWS, 1),
  take: whole(MOST_ROWS),
};

/** Where the rows of a chunk are. */
const place = record({
  ...range,
  /** Files that are an item each, or the one file of the rows. */
  files: list(file, MOST_ITEMS, 1),
  /** Of Parquet: the number of the chunk in its file. */
  at: optional(whole()),
  /** Of a file that is packed as a whole: the number and the size of the one that has its bytes. */
  unpacked: optional(record({ number: whole(MOST_FILES), size: whole(), etag: optional(etag) })),
  /** Bytes of CSV, TSV and lines; the last one excluded. */
  start: optional(whole()),
  end: optional(whole(Number.MAX_SAFE_INTEGER, 1)),
  /** Of CSV and TSV: the end of the line of names, and the dialect. */
  head: optional(whole(Number.MAX_SAFE_INTEGER, 1)),
  delimiter: optional(text(1)),
  newline: optional(oneOf('\n', '\r', '\r\n')),
});
export type PlacePayload = Checked<typeof place>;

/** A chunk of a batch. */
export const readChunkJob = record({
  v: oneOf(FORMAT),
  batch: text(16, ID),
  chunk: whole(MOST_CHUNKS),
  place,
});
export type ChunkJob = Checked<typeof readChunkJob>;

/** What a chunk's job gives in the end. */
export interface ChunkResult {
  readonly rows: number;
  readonly failed: number;
}
