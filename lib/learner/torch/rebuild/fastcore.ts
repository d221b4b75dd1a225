import { copyFloats, markFastcoreList, markFloats, unmarkFloats } from '../float-lists.js';
import { NdArray } from '../numpy.js';
import { PyDict, PySet, type PyValue } from '../python.js';
import type { RebuildContext, RebuilderList } from '../pickle/rebuilder.js';

/** fastcore's list becomes a list; the class moved between modules. */
export const fastcoreRebuilders: RebuilderList = [
  'fastcore.foundation.L',
  'fastcore.basics.L',
  'fastcore.collections.L',
  'fastai.core.L',
].map((name) => [name, rebuildL] as const);

/**
 * An empty list, then the state `{ items }`: usually a list, but anything with items is accepted.
 */
function rebuildL(args: readonly PyValue[], context: RebuildContext): PyValue[] | undefined {
  const list: PyValue[] = [];
  markFastcoreList(list);
  const [initial] = args;
  if (args.length > 1 || !copyInto(list, initial, context)) return undefined;
  context.onState(list, (state) => {
    const items = state instanceof PyDict ? state.get('items') : undefined;
    copyInto(list, items, context);
    // A list that contains its own L is incomplete at this point.
    context.onEnd(() => {
      if (Array.isArray(items) && items !== list && items.length !== list.length) {
        copyInto(list, items, context);
      }
    });
  });
  return list;
}

function copyInto(list: PyValue[], source: PyValue | undefined, context: RebuildContext): boolean {
  if (source === undefined) return true;
  const items =
    source instanceof PySet ? source.items : source instanceof NdArray ? source.items() : source;
  if (!Array.isArray(items)) return false;
  context.charge(items.length);
  list.length = 0;
  unmarkFloats(list);
  for (const item of items) list.push(item);
  if (source instanceof NdArray && source.dtype.kind === 'f') markFloats(list);
  else copyFloats(items, list);
  return true;
}
