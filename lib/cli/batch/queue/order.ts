import { packageVersion } from '../../../learner/runtime/package-version.js';
import type { GenerateSettings } from '../../predict/given-options.js';
import type { BatchFile } from '../files.js';
import type { OutputColumn, Part } from '../layout.js';
import { FORMAT } from './names.js';
import type { BatchOrder, ChunkJob, FilePayload, PlacePayload } from './payload.js';
import type { ChunkPlace } from '../places/place.js';
import { belowRoot } from './roots.js';

/** All that a worker needs to know about a batch. */
export interface OrderFacts {
  readonly id: string;
  readonly model: BatchOrder['model'];
  readonly root: string;
  readonly folder: string;
  readonly output: string;
  readonly masks: boolean;
  readonly kept: readonly OutputColumn[];
  readonly parts: readonly Part[];
  readonly names: ReadonlySet<string> | undefined;
  readonly needed: readonly string[] | undefined;
  readonly column: string | undefined;
  readonly where: string | undefined;
  readonly chunkRows: number;
  readonly embeddings: boolean;
  readonly generate: GenerateSettings;
}

export function orderOf(facts: OrderFacts): BatchOrder {
  const { id, model, root, kept, parts, names, needed, column, where, chunkRows, embeddings } =
    facts;
  return {
    ...({ ...facts.generate } as Pick<
      BatchOrder,
      'words' | 'temperature' | 'minP' | 'seed' | 'stop'
    >),
    v: FORMAT,
    id,
    created: Date.now(),
    version: packageVersion() ?? 'unknown',
    model,
    root,
    folder: belowRoot(facts.folder, root),
    output: belowRoot(facts.output, root),
    masks: facts.masks ? process.cwd() : undefined,
    kept: kept.map(({ name, type, element }) => ({ name, type, element })) as BatchOrder['kept'],
    parts: [...parts],
    names: names && [...names],
    needed: needed && [...needed],
    column,
    where,
    chunkRows,
    embeddings,
  };
}

export function chunkJobOf(
  batch: string,
  chunk: number,
  place: ChunkPlace,
  root: string,
): ChunkJob {
  const { bytes: _bytes, ...range } = place;
  const files = place.files.map((file) => filePayload(file, root));
  return { v: FORMAT, batch, chunk, place: { ...range, files } as PlacePayload };
}

function filePayload({ path, partition, etag, ...rest }: BatchFile, root: string): FilePayload {
  return { ...rest, etag, path: belowRoot(path, root), partition: [...partition] };
}
