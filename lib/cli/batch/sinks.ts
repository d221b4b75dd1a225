import { CommandError } from '../errors.js';
import { PARQUET } from './parquet-sink.js';
import { delimitedSink, JSON_LINES, type Sink } from './sink.js';

const SINKS: readonly [pattern: RegExp, sink: Sink][] = [
  [/\.csv$/i, delimitedSink(',')],
  [/\.tsv$/i, delimitedSink('\t')],
  [/\.(?:jsonl|ndjson)$/i, JSON_LINES],
  [/\.(?:parquet|pq)$/i, PARQUET],
];

/** @throws CommandError for a name without a known format. */
export function sinkOf(out: string): Sink {
  const found = SINKS.find(([pattern]) => pattern.test(out));
  if (found) return found[1];
  throw new CommandError(
    `The name ${out} does not show a format`,
    'End it in .csv, .tsv, .jsonl or .parquet',
  );
}
