import { decodeBody } from '../body-text.js';
import { Fault } from '../errors.js';
import { checkShape } from '../ndarray/nested.js';
import type { RequestBody } from '../request-body.js';
import { applyDtype, dtypeOf, isWideDtype, type ColumnDtypes } from './dtypes.js';
import { parseJsonBody, readOrient, type PandasOrient } from './orients.js';
import { narrowed, type RawFrame } from './raw-frame.js';

/** The requirements of a frame. */
export interface FrameContract {
  readonly orient?: PandasOrient;
  readonly columns?: readonly string[];
  readonly applyColumnNames?: boolean;
  readonly dtype?: ColumnDtypes;
  readonly enforceDtype?: boolean;
  readonly shape?: readonly number[];
  readonly enforceShape?: boolean;
}

/** How to read the body of a frame, as plain data that can be sent in a message. */
export interface FrameRules {
  readonly format: 'json' | 'csv' | 'parquet';
  readonly contract: FrameContract;
  /** The CSV columns whose cells stay strings. */
  readonly texts: ReadonlySet<string>;
}

/**
 * Reads the body of a frame and checks it.
 *
 * @param wanted Throws when nobody wants the frame any more; called from time to time.
 * @throws Fault, UnsupportedBodyError
 */
export async function readFrame(
  body: RequestBody,
  rules: FrameRules,
  wanted?: () => void,
): Promise<RawFrame> {
  return checked(await read(body, rules, wanted), rules.contract);
}

/** CSV and Parquet need libraries that JSON-only services do not load. */
async function read(
  body: RequestBody,
  { format, contract, texts }: FrameRules,
  wanted?: () => void,
): Promise<RawFrame> {
  const isWide = (name: string, index: number): boolean => {
    const { dtype, columns, applyColumnNames } = contract;
    return isWideDtype(dtypeOf(dtype, (applyColumnNames ? columns?.[index] : undefined) ?? name));
  };
  if (format === 'csv') {
    const { readCsv } = await import('./read-csv.js');
    return readCsv(decodeBody(body), texts, isWide, wanted);
  }
  if (format === 'parquet') {
    if (!body.bytes) throw new Fault('another parser has read the body', 'send it as Parquet');
    return (await import('./parquet.js')).readParquet(body.bytes, wanted);
  }
  const { orient = 'records', dtype } = contract;
  const types = typeof dtype === 'object' ? Object.values(dtype) : [dtype];
  const wide = types.some(isWideDtype);
  const frame = readOrient(parseJsonBody(body, wide), orient);
  return wide ? narrowed(frame, isWide) : frame;
}

function checked(frame: RawFrame, contract: FrameContract): RawFrame {
  const { columns, applyColumnNames, dtype, enforceDtype = false } = contract;
  const named = applyColumnNames && columns ? renamed(frame, columns) : frame;
  // Columns that were renamed are all present.
  const missing = (columns ?? []).filter((name) => !named.columns.has(name));
  if (missing.length > 0) {
    const names = missing.map((name) => `"${name}"`).join(', ');
    const fact = `the frame has no ${missing.length === 1 ? 'column' : 'columns'} ${names}`;
    throw new Fault(fact, 'send all columns of the contract');
  }
  checkShape('a frame', [named.rows, named.columns.size], contract);
  if (dtype === undefined) return named;
  const converted = [...named.columns].map(([name, cells]) => {
    const type = dtypeOf(dtype, name);
    return [name, type ? applyDtype(name, cells, type, enforceDtype) : cells] as const;
  });
  return { rows: named.rows, columns: new Map(converted) };
}

function renamed({ rows, columns }: RawFrame, names: readonly string[]): RawFrame {
  if (columns.size !== names.length) {
    throw new Fault(
      `the frame has ${columns.size} columns, but the contract has ${names.length}`,
      'send as many columns as the contract has',
    );
  }
  return { rows, columns: new Map([...columns.values()].map((cells, i) => [names[i]!, cells])) };
}
