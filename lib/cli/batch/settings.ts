import type { KeepableOptions } from '../../serving/models/kept/keep-options.js';
import type { GenerateSettings } from '../predict/given-options.js';
import type { InputFormat } from './files.js';
import type { Part } from './layout.js';

/** What decides on what is predicted. */
export interface ScoreSettings extends GenerateSettings {
  readonly column: string | undefined;
  readonly embeddings: boolean;
}

export interface BatchSettings extends ScoreSettings {
  readonly out: string;
  /** The folder for what is done until the output is there; undefined for the output's own. */
  readonly work?: string | undefined;
  readonly format: InputFormat | undefined;
  readonly keep: readonly string[] | undefined;
  readonly columns: readonly Part[] | undefined;
  readonly workers: number | undefined;
  readonly chunk: number | undefined;
  /** The rows that are predicted, as SQL tells them; undefined for all. */
  readonly where?: string | undefined;
  readonly limit: number | undefined;
  readonly maxErrors: number | undefined;
  readonly force: boolean;
  readonly restart: boolean;
  /** For workers of other processes. */
  readonly queue?: QueueSettings | undefined;
  /** Of files that are in no store. */
  readonly load: KeepableOptions;
}

export interface QueueSettings {
  readonly url: string;
  /** The folder that paths are relative to; undefined where they are the same for all. */
  readonly root: string | undefined;
  /** How often a chunk is tried. */
  readonly attempts: number;
}
