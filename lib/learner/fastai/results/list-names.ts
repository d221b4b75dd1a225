import { asItems, PyObject, type PyValue } from '../../torch/index.js';
import { isOfFastai, transformName } from '../data/pipeline.js';
import { transformTitle } from '../vision/transforms/neutral.js';

/** The columns that a `ColReader` reads. */
export function columnsOf(reader: PyObject | undefined): string[] {
  const columns = reader?.attr('cols');
  const items = typeof columns === 'string' ? [columns] : (asItems(columns) ?? []);
  return items.filter((name): name is string => typeof name === 'string');
}

/** The function of the notebook that makes an input or a target. */
export function ownName(transforms: readonly PyValue[]): string | undefined {
  const own = transforms.findLast((transform) => !isOfFastai(transform) || isWrapped(transform));
  if (own === undefined) return undefined;
  const title = transformTitle(own);
  const bare = title.slice(title.lastIndexOf('.') + 1);
  return /^[A-Za-z]\w*$/.test(bare) ? bare : undefined;
}

const isWrapped = (transform: PyValue): boolean => transformName(transform) === 'Transform';

/** `image`, or `image1` and `image2` if there are several. */
export function distinct(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  return names.map((name) => {
    if (names.indexOf(name) === names.lastIndexOf(name)) return name;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    const made = `${name}${count}`;
    return names.includes(made) ? `${name}_${count}` : made;
  });
}
