import { urlOf } from '../calls/call.js';
import { send } from '../calls/send.js';
import type { ModelCard } from '../contract.js';

export interface Progress {
  readonly done: number;
  readonly rows: number;
  readonly ms: number;
  readonly finished: boolean;
  readonly header: readonly string[];
  /** The first rows of the answer. */
  readonly preview: readonly (readonly string[])[];
  /** The whole answer, in pieces. */
  readonly csv: readonly string[];
}

/** Rows of one request: few enough to see progress, enough to be quick. */
const ROWS_A_CALL = 200;
const MOST_SHOWN = 200;

/** Scores a CSV table some rows at a time, in order. @throws Error with a sentence for the user */
export async function scoreTable(
  card: ModelCard,
  csv: string,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<void> {
  const start = performance.now();
  // Most pages never read a table.
  const { default: Papa } = await import('papaparse');
  const { data } = Papa.parse<string[]>(csv.replace(/^\ufeff/, ''), { skipEmptyLines: 'greedy' });
  const [names, ...rows] = data;
  if (!names || rows.length === 0) {
    throw new Error(
      'The table has no rows: start with a header line of column names, then one line per row.',
    );
  }
  const url = urlOf(card.routes.predict);
  const pieces: string[] = [];
  const preview: string[][] = [];
  let header: string[] = names;
  for (let from = 0; from < rows.length; from += ROWS_A_CALL) {
    const part = rows.slice(from, from + ROWS_A_CALL);
    const text = Papa.unparse([names, ...part], { newline: '\n' });
    const body = { type: 'text', text, mediaType: 'text/csv; charset=utf-8' } as const;
    const { blob } = await send({ url, accept: 'text/csv', body }, { signal }).catch(
      (error: Error) => {
        // The server counts from the first row that it got.
        throw new Error(`In the ${part.length} rows from row ${from}: ${error.message}`);
      },
    );
    const answer = await blob.text();
    const [answered = [], ...scored] = Papa.parse<string[]>(answer, {
      skipEmptyLines: 'greedy',
    }).data;
    header = answered;
    preview.push(...scored.slice(0, MOST_SHOWN - preview.length));
    pieces.push(from === 0 ? answer : withoutHeader(answer));
    const done = Math.min(from + ROWS_A_CALL, rows.length);
    const ms = performance.now() - start;
    const finished = done === rows.length;
    onProgress({ done, rows: rows.length, ms, finished, header, preview, csv: [...pieces] });
  }
}

/** Names of columns may hold line breaks within quotes. */
function withoutHeader(csv: string): string {
  let quoted = false;
  for (let at = 0; at < csv.length; at++) {
    if (csv[at] === '"') quoted = !quoted;
    else if (csv[at] === '\n' && !quoted) return csv.slice(at + 1);
  }
  return '';
}
