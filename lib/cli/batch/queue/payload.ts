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
/** The limit on the rows of a chunk, because a worker has them in memory. */
export const MOST_ROWS = 1_000_000;
const MOST_CHUNKS = 99_999_999;

const name = text(MOST_NAME);
const formats = ['csv', 'tsv', 'jsonl', 'parquet', 'lines', 'item'] as const;
/**
 * A path below the root: with slashes, without `..`, and without characters that file systems
 * refuse.
 */
// eslint-disable-next-line no-control-regex
const below = text(MOST_NAME, /^(?!\/)(?!(?:.*\/)?\.{1,2}(?:\/|$))(?!.*\/\/)[^\0\\]+$/s);

/** Such a path, or an object of S3 as this package names it. */
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

/** A batch in progress: the facts that all its chunks share. */
export const readOrder = record({
  v: oneOf(FORMAT),
  id: text(16, ID),
  created: whole(),
  /** The version of the package; other versions may give other numbers. */
  version: text(100),
  model: record({
    /** Its name for people. */
    tag: text(MOST_NAME),
    /** Its identity: SHA-256 of its files and options, in hexadecimal. */
    digest: text(64, /^[0-9a-f]{64}$/),
    /** How many bytes its files have. */
    bytes: whole(),
  }),
  /** The coordinator's folder that paths are relative to, as its output names files. */
  root: text(MOST_NAME),
  /** The folder for the files of chunks, or the prefix of their keys. It contains the id. */
  folder: located,
  output: located,
  /** The coordinator's path of the folder that names of masks are relative to. */
  masks: optional(text(MOST_NAME)),
  kept: list(column, MOST_COLUMNS),
  parts: list(oneOf(...PARTS), PARTS.length),
  /** Columns to read; undefined for all. */
  names: optional(list(name, MOST_COLUMNS)),
  /** Columns to predict from; undefined if that depends on each row. */
  needed: optional(list(name, MOST_COLUMNS)),
  column: optional(name),
  /** The SQL condition for rows; undefined for all. */
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
  /** The index of its first row in the file. */
  first: whole(),
  /** How many rows are read, and how many of those that meet the condition are predicted. */
  rows: whole(MOST_ROWS, 1),
  take: whole(MOST_ROWS),
};

/** Where the rows of a chunk are. */
const place = record({
  ...range,
  /** Files that are one item each, or the one file with the rows. */
  files: list(file, MOST_ITEMS, 1),
  /** For Parquet: the number of the chunk in its file. */
  at: optional(whole()),
  /** For a compressed file: the number and the size of the decompressed one. */
  unpacked: optional(record({ number: whole(MOST_FILES), size: whole(), etag: optional(etag) })),
  /** The byte range of CSV, TSV and lines; the end is excluded. */
  start: optional(whole()),
  end: optional(whole(Number.MAX_SAFE_INTEGER, 1)),
  /** For CSV and TSV: the end of the header line, and the dialect. */
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

/** The result of a chunk's job. */
export interface ChunkResult {
  readonly rows: number;
  readonly failed: number;
}
