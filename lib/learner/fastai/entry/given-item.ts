import type { Context } from '../../python/context.js';
import { PathValue } from '../../python/modules/paths.js';
import { Dict, List, Tuple, type ClassValue, type Value } from '../../python/values.js';
import { entryStage } from '../data/pipeline.js';
import { UnexpectedItemError, describeItem } from '../errors.js';
import type { PyValue } from '../../torch/index.js';
import { PilImage } from '../code/pil/image-value.js';
import { bytesOfStored, isElsewhere, pathOf } from '../data/stored-item.js';
import { bytesOfBase64, isRawImage, rasterOf } from '../vision/image-item.js';
import type { RasterMode } from '../vision/image/raster.js';
import { isRow, isRowType } from './is-row.js';
import { RowValue } from './row-value.js';

/** A file that an item names by URL. It is not a text. */
class GivenPath {
  constructor(readonly path: string) {}
}

/** Items come from requests: anything deeper or longer than any learner takes is refused. */
const DEEPEST = 8;
const MOST_VALUES = 1_000_000;

/** Whether an item is an image itself, not the name of a file. */
export function isPicture(item: unknown): boolean {
  return (
    item instanceof Uint8Array ||
    item instanceof ArrayBuffer ||
    item instanceof GivenPath ||
    isElsewhere(item) ||
    isRawImage(item)
  );
}

/** The item with its streams read, at any depth. @throws UnexpectedItemError */
export async function settled(
  item: unknown,
  left = { values: MOST_VALUES },
  depth = 0,
): Promise<unknown> {
  if (--left.values < 0) {
    throw new UnexpectedItemError(`more than ${MOST_VALUES} values`, 'an item with fewer values');
  }
  if (depth > DEEPEST) {
    throw new UnexpectedItemError(`values nested more than ${DEEPEST} deep`, 'a flatter item');
  }
  if (item instanceof ArrayBuffer) return new Uint8Array(item);
  if (ArrayBuffer.isView(item) && !(item instanceof Uint8Array) && !(item instanceof DataView)) {
    return Array.from(item as unknown as ArrayLike<number | bigint>, Number);
  }
  if (isElsewhere(item)) {
    const path = pathOf(item);
    return path === undefined ? bytesOfStored(item) : new GivenPath(path);
  }
  if (Array.isArray(item)) {
    const made: unknown[] = [];
    for (const one of item as readonly unknown[]) {
      made.push(isPlain(one) ? one : await settled(one, left, depth + 1));
    }
    return made;
  }
  if (!isRow(item)) return item;
  const made: [string, unknown][] = [];
  for (const [name, one] of Object.entries(item)) {
    made.push([name, isPlain(one) ? one : await settled(one, left, depth + 1)]);
  }
  return Object.fromEntries(made);
}

const isPlain = (item: unknown): boolean => typeof item !== 'object' || item === null;

const isPathType = (name: string): boolean => /^pathlib\b.*Path$/.test(name);
const isArrayType = (name: string): boolean =>
  name === 'numpy.ndarray' || name === 'torch.Tensor' || /^fastai2?\.\w+\.Tensor\w*$/.test(name);
const isImageType = (name: string): boolean =>
  name === 'PIL.Image.Image' || /^fastai2?\.vision\.core\.PIL(Base|Image|ImageBW)$/.test(name);

/** The Python counterpart of a Node item in a pipeline of fastai. */
export interface EntryOptions {
  /** Whether texts are file names: the pipeline opens images. */
  readonly paths: boolean;
  /** Whether `paths` alone decides what a text is. */
  readonly strict?: boolean;
  /**
   * Whether the item is one part of several: numbers may then be tensors, and lists fastai's `L`.
   */
  readonly part?: boolean;
}

/**
 * fastai's `infer_idx`: the first stage that received such an item in training. A text becomes
 * fastai's Path if the pipeline opens images; an array becomes its list, else its tuple.
 */
export function stageOf(
  types: PyValue | undefined,
  item: unknown,
  options: EntryOptions,
): number | undefined {
  const stage = (matches: (name: string) => boolean): number | undefined =>
    entryStage(types, matches);
  if (typeof item === 'string') {
    const { paths, strict } = options;
    return stage(
      (name) => (paths && isPathType(name)) || (name === 'str' && !(paths && strict === true)),
    );
  }
  if (item instanceof GivenPath) return stage(isPathType);
  if (item instanceof Uint8Array) return stage((name) => name === 'bytes');
  if (isRawImage(item)) return stage((name) => isImageType(name) || name === 'numpy.ndarray');
  if (Array.isArray(item)) {
    const list = stage((name) => name === 'list') ?? stage((name) => name === 'tuple');
    if (list !== undefined || options.part !== true) return list;
    return stage((name) => name.endsWith('.L') || isArrayType(name));
  }
  if (typeof item === 'number' || typeof item === 'boolean') {
    return stage(
      (name) =>
        ['int', 'float', 'bool', 'numbers.Number'].includes(name) ||
        /^numpy\.(u?int|float|bool)\d*_?$/.test(name) ||
        (options.part === true && isArrayType(name)),
    );
  }
  if (isRow(item)) return stage((name) => isRowType(name) || name === 'dict');
  return undefined;
}

/** Whether a stage received paths, texts, rows... in training. */
export function isStageOf(
  types: PyValue | undefined,
  stage: number,
  kind: 'path' | 'row' | 'list' | 'tuple',
): boolean {
  const given = (Array.isArray(types) ? (types as readonly PyValue[])[stage] : undefined) ?? null;
  const tests = {
    path: isPathType,
    row: isRowType,
    list: (name: string): boolean => name === 'list',
    tuple: (name: string): boolean => name === 'tuple',
  };
  return entryStage([given], tests[kind]) !== undefined;
}

export interface ValueOptions {
  /** Whether texts that are items or in lists are paths. */
  readonly paths: boolean;
  /** Whether an array is a list rather than a tuple. */
  readonly list: boolean;
  /** Whether an object is a row rather than a dictionary. */
  readonly row: boolean;
}

/** An item, or a part of it, as a Python value. Raw pixels are decoded before. */
export function valueOf(ctx: Context, item: unknown, options: ValueOptions): Value {
  ctx.budget.step();
  if (item === null || item === undefined) return null;
  if (typeof item === 'string') return options.paths ? new PathValue(item) : item;
  if (item instanceof GivenPath) return new PathValue(item.path);
  if (typeof item === 'bigint' || typeof item === 'boolean') return item;
  if (typeof item === 'number') return Number.isSafeInteger(item) ? BigInt(item) : item;
  if (item instanceof Uint8Array || item instanceof PilImage) return item;
  if (Array.isArray(item)) {
    const items = (item as readonly unknown[]).map((one) => valueOf(ctx, one, options));
    return options.list ? new List(items) : new Tuple(items);
  }
  if (!isRow(item)) throw new UnexpectedItemError(describeItem(item), 'plain values');
  const cells = Object.entries(item).map(([name, one]): [string, Value] => [
    name,
    // Cells of a frame are texts, or NaN if missing.
    one === null || one === undefined
      ? options.row
        ? NaN
        : null
      : valueOf(ctx, one, { ...options, paths: false, list: true, row: false }),
  ]);
  if (options.row) return new RowValue(new Map(cells));
  const dict = new Dict();
  for (const [name, one] of cells) dict.entries.set(ctx.keyOf(name), [name, one]);
  return dict;
}

/**
 * Images in an item, at any depth: decodes raw pixels in the learner's image mode, and replaces
 * URLs and base64 by their contents.
 */
export async function pictures(
  item: unknown,
  mode: RasterMode,
  image: ClassValue | undefined,
): Promise<unknown> {
  if (isRawImage(item)) {
    const raster = await rasterOf(item, mode);
    return new PilImage({ ...raster }, image);
  }
  if (typeof item === 'string') {
    const encoded = bytesOfBase64(item);
    if (encoded) return encoded;
    const path = pathOf(item);
    if (path === item) return item;
    return path === undefined ? bytesOfStored(item) : new GivenPath(path);
  }
  if (!Array.isArray(item)) return item;
  const made: unknown[] = [];
  for (const one of item as readonly unknown[]) made.push(await pictures(one, mode, image));
  return made;
}
