import { sentItem } from '../../../learner/fastai/entry/sent-item.js';
import { isRow } from '../../../learner/fastai/entry/is-row.js';
import type { LearnerInput } from '../../../learner/fastai/contract.js';
import { listed, shortened } from '../../../learner/errors/index.js';
import type { InferTensor } from '../../../client/protocol/messages.js';
import { InferenceMessageError } from '../../../client/protocol/errors.js';
import { TensorValueError } from '../errors.js';
import { checkItems, type InputSpec } from '../request.js';
import { numbersOf, numbersSpec, travellingNumbers } from './array-items.js';
import { imagesOf, imageSpec, imageTensor } from './image-items.js';
import type { ItemCodec } from './contract.js';
import { cellTensor, rowCell, rowItems } from './row-items.js';
import { nestedOf, shapeOfNested } from './nested.js';
import { textsOf, travellingText } from './texts.js';

/** The name of the function that opens a path in a row, for messages. */
const PATHS = 'getters';

/** One input of several. */
interface Part {
  readonly spec: InputSpec;
  readonly isImage?: true;
  values(input: InferTensor, most: number): readonly unknown[];
  tensor(value: unknown): InferTensor | Promise<InferTensor>;
}

/**
 * Several inputs, by the learner's names: texts, images, categories and numbers, as single-input
 * learners take them. Other names are cells of the row that the learner's getters read, which may
 * replace missing inputs.
 */
export function mixedItems(inputs: readonly LearnerInput[]): ItemCodec {
  const parts = new Map(inputs.map((input) => [input.name, partOf(input)]));
  return {
    // Getters would open an image by its path.
    inputs: [...parts.values()].map(({ spec, isImage }) =>
      isImage === true ? spec : { ...spec, optional: true },
    ),
    others: true,
    owned: true,

    items(given, most) {
      const columns = [...given.values()].map((input) => {
        const values = (parts.get(input.name)?.values ?? cellsOf)(input, most);
        return [input.name, values] as const;
      });
      const [[first, { length: count }] = ['', []]] = columns;
      const other = columns.find(([, values]) => values.length !== count);
      if (other) {
        throw new InferenceMessageError(
          `The input "${shortened(other[0])}" has ${other[1].length} items, but "${shortened(first)}" has ${count}`,
          'send the same number in each',
        );
      }
      checkItems(count, most);
      // Strings in it must not name files of this machine.
      return Array.from({ length: count }, (_, at) =>
        sentItem(Object.fromEntries(columns.map(([name, values]) => [name, values[at]]))),
      );
    },

    async inputsOf(item) {
      const values = valuesOf(item, [...parts.keys()]);
      return Promise.all(
        values.map(([name, value]) => parts.get(name)?.tensor(value) ?? cellTensor(name, value)),
      );
    },
  };
}

/** The values of an item, by the names of its inputs or of a row. @throws TensorValueError */
function valuesOf(item: unknown, names: readonly string[]): (readonly [string, unknown])[] {
  if (Array.isArray(item) && item.length === names.length) {
    return names.map((name, at) => [name, item[at] as unknown]);
  }
  if (isRow(item)) return Object.entries(item);
  throw new TensorValueError(
    'item',
    `does not have the inputs ${listed(names)}`,
    'give an object with these names, a list in this order, or the row that its getters read',
  );
}

function cellsOf(input: InferTensor, most: number): unknown[] {
  checkItems(input.data.length, most);
  return Array.from({ length: input.data.length }, (_, at) => rowCell(input, at));
}

function partOf({ name, kind, columns, shape }: LearnerInput): Part {
  switch (kind) {
    case 'vision':
      return {
        spec: imageSpec(name),
        isImage: true,
        values: imagesOf,
        tensor: (value) => imageTensor(name, value, PATHS),
      };
    case 'text':
      return {
        spec: { name, datatype: 'BYTES', shape: [-1], perItem: true },
        values: (input, most) => {
          checkItems(input.data.length, most);
          return textsOf(input);
        },
        tensor: (value) => ({
          name,
          datatype: 'BYTES',
          shape: [1],
          data: [travellingText(name, value)],
        }),
      };
    case 'tabular': {
      const [column] = columns?.columns ?? [];
      const named = { name, kind: 'category', nullable: false, example: null, ...column } as const;
      const codec = rowItems({ columns: [{ ...named, name }], targets: [] });
      return {
        spec: codec.inputs[0]!,
        values: cellsOf,
        tensor: (value) => cellTensor(name, value),
      };
    }
    default: {
      const [length = null] = shape ?? [];
      return {
        spec: numbersSpec(name, 'FP64', length === null ? [] : [length]),
        values: (input, most) =>
          numbersOf(input, most).map((numbers) => nestedOf(numbers, input.datatype === 'BOOL')),
        tensor: (value) => numbersTensor(name, value),
      };
    }
  }
}

function numbersTensor(name: string, value: unknown): InferTensor {
  const given = shapeOfNested(value);
  if (given === undefined) {
    throw new TensorValueError(name, 'is not a number or a list of numbers', 'give numbers');
  }
  const shape = [1, ...given.dims];
  if (given.data.every((each) => typeof each === 'boolean')) {
    return { name, datatype: 'BOOL', shape, data: Uint8Array.from(given.data, Number) };
  }
  return { name, shape, ...travellingNumbers(name, given.data) };
}
