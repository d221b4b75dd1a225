import { RaisedInCodeError } from '../../python/errors.js';
import { MissingColumnError } from '../errors.js';

/** Names of columns in messages. */
const LONGEST = 100;

/** What a getter raised for a row: that it lacks a column, where that is what it is. */
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
