import { asItems, PyGlobal, type PyValue } from '../../torch/index.js';
import type { DataLoadersRecord } from './data-loaders.js';
import { transformName } from './pipeline.js';

type Data = Pick<DataLoadersRecord, 'targets' | 'afterItem'>;

const MASKS = ['PILMask', 'TensorMask'];
const IMAGES = ['PILImage', 'PILImageBW', 'TensorImage', 'TensorImageBW'];

/** Class names of the outputs of the target pipelines in training. */
export function targetTypes({ targets }: Data): string[] {
  return targets.flatMap(({ types }) => lastTypes(types));
}

/** The item transform of a class. */
export function itemTransform({ afterItem }: Data, name: string): PyValue | undefined {
  return afterItem.find((transform) => transformName(transform) === name);
}

/**
 * The target that predictions decode to: of several, the first. fastai's `get_preds` works for a
 * model that gives one tensor for several targets, and its `predict` fails.
 */
export function decodedTarget<D extends Pick<DataLoadersRecord, 'targets'>>(dls: D): D {
  return { ...dls, targets: dls.targets.slice(0, 1) };
}

/** The same for one of several targets, as if it were the only one. */
export function dlsOfTarget<D extends Data>(dls: D, index: number): D {
  if (dls.targets.length < 2) return dls;
  const one = { ...dls, targets: dls.targets.slice(index, index + 1) };
  // It decodes masks alone; without it no other target looks like one.
  const afterItem = targetTypes(one).some((name) => MASKS.includes(name))
    ? dls.afterItem
    : dls.afterItem.filter((transform) => transformName(transform) !== 'AddMaskCodes');
  return { ...one, afterItem };
}

/** Whether the target is a class for each pixel. False for targets that are not supported. */
export function hasMaskTarget(data: Data): boolean {
  return (
    targetTypes(decodedTarget(data)).some((name) => MASKS.includes(name)) ||
    (data.targets.length < 2 && itemTransform(data, 'AddMaskCodes') !== undefined)
  );
}

/** Whether the target is an image. */
export function hasImageTarget(data: Data): boolean {
  const types = targetTypes(decodedTarget(data));
  return !hasMaskTarget(data) && types.some((name) => IMAGES.includes(name));
}

function lastTypes(stages: PyValue | undefined): string[] {
  const last = asItems(stages)?.at(-1);
  return (Array.isArray(last) ? last : [last]).flatMap((type) =>
    type instanceof PyGlobal ? [type.name] : [],
  );
}
