import { defer, from, isObservable, of, switchMap, type Observable } from 'rxjs';
import type { IoDescriptor } from '../io/io-descriptor.js';

/** Whether a descriptor answers a request with this `Accept` as a stream. */
export function answersByStream(
  output: IoDescriptor<unknown, unknown>,
  accept: string | undefined,
): boolean {
  return output.serializeEvent !== undefined && (output.streamsFor?.(accept) ?? true);
}

/**
 * The result of a handler, at once or later, as values: those of an Observable, or the one value.
 */
export function valuesFrom(handle: () => unknown): Observable<unknown> {
  return defer(() => from(Promise.resolve(handle()))).pipe(
    switchMap((value) => (isObservable(value) ? value : of(value))),
  );
}
