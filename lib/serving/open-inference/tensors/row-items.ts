import { isRow } from '../../../learner/fastai/entry/is-row.js';
import type { TabularColumn, TabularSchema } from '../../../learner/fastai/contract.js';
import { shortened } from '../../../learner/errors/index.js';
import type { Datatype } from '../../../client/protocol/datatypes.js';
import { InferenceMessageError } from '../../../client/protocol/errors.js';
import type { InferTensor } from '../../../client/protocol/messages.js';
import { TensorValueError } from '../errors.js';
import { itemsIn, type InputSpec } from '../request.js';
import { cellAt } from './array-items.js';
import type { ItemCodec } from './contract.js';
import { travellingText } from './texts.js';

/** fastai's own name for a category that is missing. */
const MISSING = '#na#';

/** The parameter of an input whose cells are strings, whatever they look like. */
const TEXT = 'text';

/** The datatypes that a cell may have. The learner itself refuses those that it does not take. */
const CELLS: readonly Datatype[] = [
  ...(['FP64', 'FP32', 'INT64', 'INT32', 'INT16', 'INT8', 'BOOL', 'BYTES'] as const),
  ...(['UINT64', 'UINT32', 'UINT16', 'UINT8'] as const),
];

/**
 * Rows: an input for each column, [items]. Numbers are FP64. Categories are BYTES, or INT64, FP64
 * or BOOL if their values are such. Other datatypes are read as the values that they hold. A
 * missing value is NaN or `#na#`.
 */
export function rowItems(schema: TabularSchema): ItemCodec {
  const { columns, ownCode = false } = schema;
  const spellings = new Map(columns.map((column) => [column.name, spelledValues(column)]));
  const cell = (input: InferTensor, at: number): unknown => {
    const value = rowCell(input, at);
    if (typeof value !== 'string') return value;
    if (input.parameters?.[TEXT] !== true)
      checkSpelling(input.name, value, spellings.get(input.name));
    return value;
  };
  return {
    inputs: columns.map((column) => rowSpec(column, ownCode)),
    others: ownCode,

    items(inputs, most) {
      const count = itemsIn(inputs, most);
      return Array.from({ length: count }, (_, at) =>
        Object.fromEntries([...inputs].map(([name, input]) => [name, cell(input, at)])),
      );
    },

    inputsOf(item) {
      if (!isRow(item)) {
        throw new TensorValueError('row', 'is not an object', 'give an object with its columns');
      }
      const names = ownCode ? Object.keys(item) : columns.map(({ name }) => name);
      const own = names.filter((name) => Object.hasOwn(item, name));
      return own.map((name) => cellTensor(name, item[name]));
    },
  };
}

/** The value of a cell; null if it is missing. @throws InferenceMessageError */
export function rowCell(input: InferTensor, at: number): unknown {
  const value = cellAt(input, at);
  return value === MISSING ? null : value;
}

/** Notebook code may create a column that the model takes. */
function rowSpec(column: TabularColumn, optional: boolean): InputSpec {
  const datatype = datatypeOfColumn(column);
  const { name } = column;
  const one = { accepts: CELLS, perItem: true } as const;
  return { name, datatype, shape: [-1], ...one, ...(optional && { optional }) };
}

function datatypeOfColumn({ kind, categories = [] }: TabularColumn): Datatype {
  if (kind === 'number') return 'FP64';
  if (categories.length === 0) return 'BYTES';
  if (categories.every((value) => typeof value === 'boolean')) return 'BOOL';
  if (categories.every(Number.isSafeInteger)) return 'INT64';
  return categories.every((value) => typeof value === 'number') ? 'FP64' : 'BYTES';
}

/** Values that are not strings, by how they are written. */
function spelledValues({ categories = [] }: TabularColumn): ReadonlyMap<string, string> {
  const spelled = new Map<string, string>();
  for (const value of categories) {
    if (typeof value === 'string') continue;
    const kind = typeof value === 'boolean' ? 'BOOL' : 'INT64 or FP64';
    spelled.set(String(value), kind);
    if (Number.isInteger(value)) spelled.set(`${String(value)}.0`, kind);
    if (typeof value === 'boolean') spelled.set(value ? 'True' : 'False', kind);
  }
  for (const value of categories) if (typeof value === 'string') spelled.delete(value);
  return spelled;
}

/**
 * As in pandas, a string never equals a number. It would count as missing, which hardly anybody
 * intends.
 */
function checkSpelling(name: string, text: string, spelled?: ReadonlyMap<string, string>): void {
  const datatype = spelled?.get(text);
  if (datatype === undefined) return;
  throw new InferenceMessageError(
    `The categories of the column "${shortened(name)}" are not strings, but "${text}" was sent as BYTES`,
    `send ${datatype}, or set the parameter "text": true on the input if a string is meant`,
  );
}

/** A cell in the datatype that holds it exactly. @throws TensorValueError */
export function cellTensor(name: string, value: unknown): InferTensor {
  const tensor = (datatype: Datatype, data: InferTensor['data']): InferTensor => {
    return { name, datatype, shape: [1], data };
  };
  switch (typeof value) {
    case 'number':
      return tensor('FP64', Float64Array.of(value));
    case 'boolean':
      return tensor('BOOL', Uint8Array.of(Number(value)));
    case 'bigint':
      if (BigInt.asIntN(64, value) === value) return tensor('INT64', BigInt64Array.of(value));
      break;
    case 'string':
      return { ...tensor('BYTES', [travellingText(name, value)]), parameters: { [TEXT]: true } };
    default:
      if (value === null || value === undefined) return tensor('BYTES', [MISSING]);
  }
  const fact = `has a cell of type ${typeof value} that tensors cannot hold`;
  throw new TensorValueError(name, fact, 'give a string, a number or a boolean');
}
