import { Fault } from '../errors.js';
import type { RequestBody } from '../request-body.js';
import { applyDtype, isWideDtype, type PandasDtype } from './dtypes.js';
import { parseJsonBody, type PandasOrient } from './orients.js';
import { compact, type Cells } from './raw-frame.js';
import { readSeries } from './series.js';

/** The requirements of a series, as plain data that can be sent in a message. */
export interface SeriesContract {
  readonly orient?: PandasOrient;
  readonly dtype?: PandasDtype;
  readonly enforceDtype?: boolean;
  readonly shape?: readonly [length: number];
  readonly enforceShape?: boolean;
}

/** Reads the body of a series and checks it. @throws Fault, UnsupportedBodyError */
export function readSeriesBody(
  body: RequestBody,
  { orient = 'records', dtype, enforceDtype = false, shape, enforceShape }: SeriesContract,
): Cells {
  const values = compact(readSeries(parseJsonBody(body, isWideDtype(dtype)), orient));
  if (enforceShape && shape && shape[0] !== -1 && shape[0] !== values.length) {
    const fact = `expecting a series of ${shape[0]} values, but got ${values.length}`;
    throw new Fault(fact, 'send that many');
  }
  return dtype ? applyDtype('values', values, dtype, enforceDtype) : values;
}
