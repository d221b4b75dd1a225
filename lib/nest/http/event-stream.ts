import { Readable } from 'node:stream';
import type { Observable } from 'rxjs';
import { requestScope, type RequestScope } from '../../serving/runtime/request-scope.js';
import { ValuesOf } from './values-of.js';

/** How values and failures are written as the data of events. */
export interface EventWriter {
  value(value: unknown): string;
  /** The data for a failure after the first event: the body of an error response. */
  failure(error: unknown): object;
  /** Whether events have no types, and nothing follows the last. @default false */
  readonly bare?: boolean;
}

/**
 * A handler's values as server-sent events: a `message` event for each, then an `end` event, or an
 * `error` event if the stream fails.
 *
 * Resolves with the first value, so that an earlier failure is an ordinary error response.
 */
export async function openEventStream(
  source: Observable<unknown>,
  scope: RequestScope,
  writer: EventWriter,
): Promise<Readable> {
  const values = new ValuesOf(source);
  const ended = new Promise<never>((_, reject) => {
    if (scope.reason !== undefined) reject(scope.reason);
    else scope.onEnd(reject);
  });
  // Nobody may be waiting when the request ends.
  ended.catch(() => undefined);
  const next = (): Promise<IteratorResult<unknown>> =>
    requestScope.run(scope, () => Promise.race([values.next(), ended]));
  const end = writer.bare ? '' : END;
  let first: IteratorResult<unknown>;
  let firstEvent: string;
  try {
    first = await next();
    firstEvent = first.done ? end : event(writer.value(first.value));
  } catch (error) {
    values.stop();
    throw error;
  }
  async function* events(): AsyncGenerator<string> {
    try {
      yield firstEvent;
      if (first.done) return;
      for (let result = await next(); !result.done; result = await next()) {
        yield event(writer.value(result.value));
      }
      yield end;
    } catch (error) {
      yield event(JSON.stringify(writer.failure(error)), writer.bare ? undefined : 'error');
    } finally {
      values.stop();
    }
  }
  const stream = Readable.from(events());
  // A client may disconnect while its stream is waiting to be read.
  stream.once('close', () => values.stop());
  return stream;
}

const END = event('', 'end');

/** A stream of one value, for the document. */
export function streamOf(data: string): string {
  return event(data) + END;
}

/** An event in the format of `text/event-stream`, in which line breaks separate fields. */
function event(data: string, type?: string): string {
  const lines = data.split(/\r\n|[\r\n]/).map((line) => `data: ${line}\n`);
  return `${type === undefined ? '' : `event: ${type}\n`}${lines.join('')}\n`;
}
