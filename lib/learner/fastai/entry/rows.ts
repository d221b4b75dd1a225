import { entryStage } from '../data/pipeline.js';
import type { LearnerOptions } from '../contract.js';
import type { LearnerFile } from '../learner-file.js';
import { isRow, isRowType } from './is-row.js';

// Every learner of texts and images loads this; the code for rows loads with the first row.

/**
 * Prepares an item of a one-input learner for its pipeline: a row goes through the getters, if the
 * learner was made from rows or dictionaries. Other items are unchanged.
 */
export function entering(
  { dls, source }: Pick<LearnerFile, 'dls' | 'source'>,
  options: LearnerOptions,
): (item: unknown) => unknown {
  const stage = entryStage(dls.inputs[0]?.types, (name) => isRowType(name) || name === 'dict');
  if (stage === undefined) return (item) => item;
  let entry: Promise<{ enter(row: Record<string, unknown>): Promise<unknown> }> | undefined;
  const enter = async (row: Record<string, unknown>): Promise<unknown> => {
    entry ??= import('./row-entry.js').then(({ RowEntry }) => RowEntry.open(source, options));
    entry.catch(() => (entry = undefined));
    return (await entry).enter(row);
  };
  return (item) => (isRow(item) ? enter(item) : item);
}
