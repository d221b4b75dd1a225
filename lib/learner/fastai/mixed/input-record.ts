import { asItems, asNumber, PyObject, type PyValue } from '../../torch/index.js';
import type { LearnerInput } from '../contract.js';
import {
  BatchTuple,
  batchInputs,
  batchTypes,
  className,
  type BatchType,
} from '../data/batch-types.js';
import type { TransformedList } from '../data/data-loaders.js';
import { isOfFastai, transformName } from '../data/pipeline.js';
import { categoryNames, readVocab } from '../data/vocab.js';
import type { LearnerFile } from '../learner-file.js';
import { columnsOf, distinct, ownName } from '../results/list-names.js';
import { modeOf } from '../vision/image-input.js';

/** One input of the model: its kind, and its name in an item. */
export interface Slot {
  readonly name: string;
  readonly kind: 'image' | 'text' | 'category' | 'numbers';
  /** The class of the tensor in a batch: `TensorImage`; '' if the file does not record it. */
  readonly cls: string;
  /** Columns that one of fastai's getters reads. */
  readonly columns: readonly string[];
  /** For a category: its names. */
  readonly vocab?: readonly PyValue[];
  /** How many numbers, if a transform states it. */
  readonly length?: number;
}

/** One of the dataset's lists that make inputs: it gives one slot, or a tuple of slots. */
export interface InputRecord {
  readonly list: TransformedList;
  readonly slots: readonly Slot[];
  /** The type of its last stage's output in training: the class of the tuple, if it is one. */
  readonly tuple: PyValue | undefined;
}

/** The inputs that the model takes from an item. */
export interface InputRecords {
  readonly inputs: readonly InputRecord[];
  /** Whether the tuple of the one list is unpacked: the model takes its items separately. */
  readonly spread: boolean;
}

/** The inputs of a learner, with distinct names. */
export function readInputs({ dls }: Pick<LearnerFile, 'dls'>): InputRecords {
  const types = batchTypes(dls.loader);
  const count = batchInputs(dls);
  const spread = dls.inputs.length === 1 && count > 1;
  const of = (index: number): readonly (BatchType | undefined)[] => {
    if (spread) return Array.from({ length: count }, (_, slot) => types?.[slot]);
    const type = types?.[index];
    return type instanceof BatchTuple ? type.items : [type];
  };
  const inputs = dls.inputs.map((list, index): InputRecord => {
    const isTuple = spread || types?.[index] instanceof BatchTuple;
    return {
      list,
      slots: of(index).map((type) => slotOf(list, type, isTuple)),
      tuple: isTuple ? asItems(list.types)?.at(-1) : undefined,
    };
  });
  const names = distinct(inputs.flatMap(({ slots }) => slots.map(({ name }) => name)));
  let next = 0;
  return {
    spread,
    inputs: inputs.map((input) => ({
      ...input,
      slots: input.slots.map((slot) => ({ ...slot, name: names[next++]! })),
    })),
  };
}

function slotOf(list: TransformedList, type: BatchType | undefined, inTuple: boolean): Slot {
  const { transforms } = list;
  const cls = className(type) || (inTuple ? '' : className(asItems(list.types)?.at(-1)));
  const find = (name: string): PyObject | undefined =>
    transforms.find(
      (transform): transform is PyObject =>
        transform instanceof PyObject && isOfFastai(transform) && transformName(transform) === name,
    );
  const columns = inTuple ? [] : columnsOf(find('ColReader'));
  const [only] = columns;
  const named = (fallback: string): string =>
    columns.length === 1 && only !== undefined ? only : fallback;
  const isImage =
    cls.startsWith('TensorImage') ||
    (!inTuple && (asItems(list.types) ?? []).some((one) => modeOf(one) !== undefined));
  if (isImage) return { name: named('image'), kind: 'image', cls, columns };
  if (!inTuple && find('Numericalize')) {
    return { name: named('text'), kind: 'text', cls: cls || 'TensorText', columns };
  }
  const categorize = inTuple ? undefined : find('Categorize');
  if (categorize) {
    const vocab = readVocab(categorize.attr('vocab'));
    return { name: named('category'), kind: 'category', cls, columns, vocab };
  }
  const regression = inTuple ? undefined : find('RegressionSetup');
  const length = asNumber(regression?.attr('c'));
  const own = inTuple ? undefined : ownName(transforms);
  const name = named(columns.length > 1 ? 'numbers' : (own ?? 'numbers'));
  return {
    name,
    kind: 'numbers',
    cls,
    columns,
    ...(length !== undefined && length > 1 && { length }),
  };
}

/** The facts about a learner's inputs that are known before it is loaded. */
export const inputsOf = (file: Pick<LearnerFile, 'dls'>): LearnerInput[] =>
  describeInputs(readInputs(file), []);

/** The inputs for a learner's description. */
export function describeInputs(
  { inputs }: InputRecords,
  sizes: readonly LearnerInput['size'][],
): LearnerInput[] {
  return inputs.flatMap(({ slots }, i) =>
    slots.map((slot): LearnerInput => {
      const size = sizes[i];
      const { name, kind, length } = slot;
      if (kind === 'image') return { name, kind: 'vision', ...(size && { size }) };
      if (kind === 'text') return { name, kind };
      if (kind === 'numbers') return { name, kind: 'array', shape: [length ?? null] };
      const known = categoryNames(slot.vocab ?? []);
      const column = {
        name,
        kind: 'category',
        categories: known,
        nullable: false,
        example: known[0] ?? null,
      } as const;
      return { name, kind: 'tabular', columns: { columns: [column], targets: [] } };
    }),
  );
}
