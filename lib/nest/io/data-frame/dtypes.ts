import type { IoSchema } from '../io-descriptor.js';
import { Fault } from '../errors.js';
import { describeValue, type Cells } from './raw-frame.js';

interface Dtype {
  readonly schema: IoSchema;
  /** Whether cells may be missing. */
  readonly nullable: boolean;
  /** The cell if it has the right type, else undefined. */
  exact(value: unknown): unknown;
  /** Converts another cell; undefined if that is not possible. */
  cast(value: unknown): unknown;
  /** The array class for a column without missing cells. */
  readonly array?: { from(values: ArrayLike<number>): Cells };
}

const number = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : undefined;

function toNumber(value: unknown): number | undefined {
  if (typeof value === 'boolean' || typeof value === 'bigint') return Number(value);
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const parsed = Number(value);
  return Number.isNaN(parsed) ? undefined : parsed;
}

function floating(format: 'float' | 'double', array: Dtype['array'] & object): Dtype {
  return {
    schema: { type: 'number', format },
    nullable: true,
    exact: number,
    cast: toNumber,
    array,
  };
}

function integer(low: number, high: number, array: Dtype['array'] & object): Dtype {
  const fits = (value: number | undefined): number | undefined =>
    value !== undefined && Number.isInteger(value) && value >= low && value <= high
      ? value
      : undefined;
  return {
    schema: { type: 'integer', format: high > 2 ** 31 ? 'int64' : 'int32' },
    nullable: false,
    exact: (value) => fits(number(value)),
    cast: (value) => fits(toNumber(value)),
    array,
  };
}

const FLAGS: readonly unknown[] = [0, 1, 'False', 'True', 'false', 'true'];

const boolean = (nullable: boolean): Dtype => ({
  schema: { type: 'boolean' },
  nullable,
  exact: (value) => (typeof value === 'boolean' ? value : undefined),
  cast: (value) => (FLAGS.includes(value) ? FLAGS.indexOf(value) % 2 === 1 : undefined),
});

const text: Dtype = {
  schema: { type: 'string' },
  nullable: true,
  exact: (value) => (typeof value === 'string' ? value : undefined),
  cast: (value) => (typeof value === 'object' ? undefined : String(value)),
};

const anything: Dtype = {
  schema: {},
  nullable: true,
  exact: (value) => value,
  cast: () => undefined,
};

const category: Dtype = {
  ...anything,
  exact: (value) => (typeof value === 'object' && !(value instanceof Date) ? undefined : value),
};

const datetime: Dtype = {
  schema: { type: 'string', format: 'date-time' },
  nullable: true,
  exact(value) {
    if (value instanceof Date) return value;
    const isDate = typeof value === 'string' && !Number.isNaN(Date.parse(value));
    return isDate ? new Date(value) : undefined;
  },
  // pandas writes dates as milliseconds.
  cast: (value) => (typeof value === 'number' ? new Date(value) : undefined),
};

const [INT64_MIN, INT64_MAX] = [-(2n ** 63n), 2n ** 63n - 1n];

/** A 64-bit integer: a number, or a bigint if a double would lose digits. */
function toInt64(value: unknown): number | bigint | undefined {
  if (typeof value === 'bigint') {
    if (value < INT64_MIN || value > INT64_MAX) return undefined;
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  // A larger number has already lost digits in its parser.
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

function castInt64(value: unknown): number | bigint | undefined {
  const text = typeof value === 'string' ? value.trim() : '';
  if (/^[+-]?\d{16,}$/.test(text)) return toInt64(BigInt(text.replace('+', '')));
  return toInt64(toNumber(value));
}

function int64(nullable: boolean): Dtype {
  const schema = { type: 'integer', format: 'int64' } as const;
  return { schema, nullable, exact: toInt64, cast: castInt64 };
}

const DTYPES = {
  float64: floating('double', Float64Array),
  float32: floating('float', Float32Array),
  int64: int64(false),
  Int64: int64(true),
  int32: integer(-(2 ** 31), 2 ** 31 - 1, Int32Array),
  int16: integer(-(2 ** 15), 2 ** 15 - 1, Int16Array),
  int8: integer(-128, 127, Int8Array),
  uint32: integer(0, 2 ** 32 - 1, Uint32Array),
  uint16: integer(0, 2 ** 16 - 1, Uint16Array),
  uint8: integer(0, 255, Uint8Array),
  bool: boolean(false),
  boolean: boolean(true),
  string: text,
  str: text,
  object: anything,
  category,
  'datetime64[ns]': datetime,
};

/** The pandas column types that a descriptor can require. @publicApi */
export type PandasDtype = keyof typeof DTYPES;

/** One type for all columns, or types by column name. */
export type ColumnDtypes = PandasDtype | Readonly<Record<string, PandasDtype>>;

export function dtypeOf(dtypes: ColumnDtypes | undefined, column: string): PandasDtype | undefined {
  if (typeof dtypes !== 'object') return dtypes;
  return Object.hasOwn(dtypes, column) ? dtypes[column] : undefined;
}

export const DTYPE_NAMES: readonly string[] = Object.keys(DTYPES);

export function isTextDtype(dtype: PandasDtype | undefined): boolean {
  return dtype === 'string' || dtype === 'str';
}

/** Whether cells may be integers that a double cannot hold. */
export function isWideDtype(dtype: PandasDtype | undefined): boolean {
  return dtype === 'int64' || dtype === 'Int64';
}

export function dtypeSchema(dtype: PandasDtype): IoSchema {
  const { schema, nullable } = DTYPES[dtype];
  return nullable && schema.type !== undefined ? { ...schema, nullable: true } : { ...schema };
}

/**
 * Cells that cannot be converted stay unchanged, as in pandas. With `enforce`, they are refused,
 * and so are cells of another type.
 *
 * @throws Fault
 */
export function applyDtype(
  name: string,
  cells: Cells,
  dtype: PandasDtype,
  enforce: boolean,
): Cells {
  const { exact, cast, nullable, array } = DTYPES[dtype];
  let complete = true;
  const out = Array.from(cells as ArrayLike<unknown>, (value, row) => {
    const missing =
      value === null || value === undefined || (typeof value === 'number' && Number.isNaN(value));
    if (missing && (nullable || !enforce)) {
      complete = false;
      return array && nullable ? NaN : null;
    }
    const converted = missing ? undefined : (exact(value) ?? (enforce ? undefined : cast(value)));
    if (converted !== undefined) return converted;
    if (enforce) {
      const cell = `the column "${name}" at row ${row} (counted from 0)`;
      throw new Fault(
        `${cell} holds ${describeValue(value)}, which is not a valid ${dtype}`,
        `send ${nullable ? `${dtype} or null` : dtype}`,
      );
    }
    complete = false;
    return value;
  });
  const numeric = array && (complete || out.every((value) => typeof value === 'number'));
  return numeric ? array.from(out as number[]) : out;
}
