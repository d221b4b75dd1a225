import { RaisedInCodeError } from '../../python/errors.js';
import { MissingColumnError } from '../errors.js';

/** Names of columns in messages. */
const LONGEST = 100;

/**
 * The error for an exception that a getter raised on a row: a missing column, if that is the cause.
 */
export function missingCell(error: unknown, row: Readonly<Record<string, unknown>>): unknown {
  if (!(error instanceof RaisedInCodeError)) return error;
  const { exception, detail } = error;
  const name =
    exception === 'KeyError'
      ? /^'(.*)'$/.exec(detail)?.[1]
      : exception === 'AttributeError'
        ? /^'Series' object has no attribute '(.*)'$/.exec(detail)?.[1]
        : undefined;
  if (name === undefined || Object.hasOwn(row, name)) return error;
  return new MissingColumnError([name.slice(0, LONGEST)], Object.keys(row));
}
