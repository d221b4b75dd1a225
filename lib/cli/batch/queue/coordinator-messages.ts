import { shortened } from '../../../learner/errors/index.js';
import { CommandError } from '../../errors.js';
import type { ChunkPlace } from '../places/place.js';
import type { BatchOrder } from './payload.js';
import type { WorkerFacts } from './presence.js';

/** How many chunks and reasons a message names at most. */
const MOST_NAMED = 3;

/** Why nobody does the work; undefined if a worker does, or is about to. */
export function lackOfWorkers(
  workers: readonly WorkerFacts[],
  { id, model }: BatchOrder,
  server: string,
): string | undefined {
  if (workers.length === 0) {
    return `No worker listens at ${server}. Start one: vts worker --queue ${server} --models-dir FOLDER`;
  }
  if (workers.some(({ batches }) => batches.includes(id))) return undefined;
  const reasons = workers.flatMap(({ host, lacks }) =>
    lacks.filter(({ batch }) => batch === id).map(({ reason }) => `${host}: ${reason}`),
  );
  if (reasons.length === 0) return undefined;
  const count = `${workers.length} ${workers.length === 1 ? 'worker listens' : 'workers listen'}`;
  const some = [...new Set(reasons)].slice(0, MOST_NAMED).join(' ');
  return `${count}, and none can predict by ${model.tag} (sha256 ${model.digest.slice(0, 12)}…). ${some}`;
}

/** The error for failed chunks. */
export function failuresOf(
  failed: readonly (readonly [number: number, place: ChunkPlace, reason: string])[],
  isFiltered: boolean,
): CommandError {
  const names = failed
    .toSorted(([a], [b]) => a - b)
    .map(([number, { files, first, rows, take }, reason]) => {
      const last = first + (isFiltered ? rows : take);
      const where = `rows ${first + 1} to ${last} of ${files[0]!.path}`;
      return `chunk ${number} (${where}): ${shortened(reason, 300).replace(/\.$/, '')}`;
    });
  const some = names.slice(0, MOST_NAMED).join('; ');
  const rest = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  return new CommandError(
    `${names.length} ${names.length === 1 ? 'chunk' : 'chunks'} failed: ${some}${rest}`,
    'The same command tries them again and keeps finished chunks',
  );
}
