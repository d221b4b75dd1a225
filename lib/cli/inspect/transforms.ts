import type { DataLoadersRecord } from '../../learner/fastai/data/data-loaders.js';
import {
  qualifiedName,
  readTransforms,
  transformName,
} from '../../learner/fastai/data/pipeline.js';
import { asItems } from '../../learner/torch/index.js';
import { PyObject, type PyValue } from '../../learner/torch/python.js';

/** Pipelines of a learner with their transforms, in the order in which they run. */
export type TransformFacts = Record<string, string[]>;

export function transformsOf(dls: DataLoadersRecord): TransformFacts {
  const pipelines: [string, readonly PyValue[]][] = [
    ...numbered('input', dls.inputs),
    ...numbered('target', dls.targets),
    ['procs', readTransforms(dls.dataset?.attr('procs'))],
    ['after_item', dls.afterItem],
    ['before_batch', dls.beforeBatch],
    ['after_batch', dls.afterBatch],
  ];
  return Object.fromEntries(
    pipelines
      .filter(([, transforms]) => transforms.length > 0)
      .map(([name, transforms]) => [name, transforms.map(describe)]),
  );
}

function numbered(
  name: string,
  lists: DataLoadersRecord['inputs'],
): [string, readonly PyValue[]][] {
  return lists.map(({ transforms }, i) => [
    lists.length === 1 ? name : `${name} ${i + 1}`,
    transforms,
  ]);
}

/** Attributes of every transform that carry no information. */
const DULL = new Set(
  'order split_idx train_setup as_item init_enc input_types loss_type enc dec'.split(' '),
);
const MOST = 4;

/** `Resize(size=(64, 64), method=squish)`. */
function describe(transform: PyValue): string {
  const className = transformName(transform) || qualifiedName(transform);
  if (!(transform instanceof PyObject)) return className;
  // A function that was turned into a transform.
  const given = className === 'Transform' ? transform.attr('_name') : undefined;
  const name = typeof given === 'string' ? given : className;
  const facts: string[] = [];
  for (const [key, value] of transform.attrs) {
    if (facts.length === MOST || DULL.has(key) || key.startsWith('_')) continue;
    const text = short(value);
    if (text !== undefined) facts.push(`${key}=${text}`);
  }
  return facts.length === 0 ? name : `${name}(${facts.join(', ')})`;
}

/** Numbers, short texts and short lists of them; undefined for others. */
function short(value: PyValue, inside = false): string | undefined {
  if (typeof value === 'number') return String(Number(value.toPrecision(6)));
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return value.length <= 40 ? value : undefined;
  const items = inside ? undefined : asItems(value);
  if (!items || items.length > 8) return undefined;
  const texts = items.map((item) => short(item, true));
  return texts.every((text) => text !== undefined) ? `(${texts.join(', ')})` : undefined;
}
