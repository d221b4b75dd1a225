import type { BytesOf } from '../../predict/read-stream.js';
import type { ItemRules } from '../batch-items.js';
import type { OutputColumn, Part } from '../layout.js';
import type { ChunkPlace } from '../places/place.js';
import type { ChunkDone } from '../predict-chunk.js';

/** The facts that the chunks of a batch share, as plain data. */
export interface ChunkRules {
  readonly column: ItemRules['column'];
  /** Columns to predict from, and to read; undefined as in a plan. */
  readonly needed: readonly string[] | undefined;
  readonly names: readonly string[] | undefined;
  readonly kept: readonly OutputColumn[];
  readonly parts: readonly Part[];
  readonly where: string | undefined;
  readonly chunkRows: number;
  /** The name of the output, which shows its format. */
  readonly output: string;
}

export interface ChunkTask {
  readonly rules: ChunkRules;
  readonly place: ChunkPlace;
  /** The path of its file, for messages. */
  readonly shown: string;
  /** The bytes of a decompressed file. */
  readonly unpacked?: BytesOf | undefined;
}

/** The result, or the parts of a `CommandError`, which would lose its class. */
export type ChunkAnswer =
  | { readonly done: ChunkDone }
  | { readonly refusal: { readonly fact: string; readonly remedy: string } };
