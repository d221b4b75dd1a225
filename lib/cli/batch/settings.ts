import type { KeepableOptions } from '../../serving/models/kept/keep-options.js';
import type { GenerateSettings } from '../predict/given-options.js';
import type { InputFormat } from './files.js';
import type { Part } from './layout.js';

/** The settings that decide what is predicted. */
export interface ScoreSettings extends GenerateSettings {
  readonly column: string | undefined;
  readonly embeddings: boolean;
}

export interface BatchSettings extends ScoreSettings {
  readonly out: string;
  /**
   * The folder for finished chunks until the output is complete; undefined for the output's own
   * folder.
   */
  readonly work?: string | undefined;
  readonly format: InputFormat | undefined;
  readonly keep: readonly string[] | undefined;
  readonly columns: readonly Part[] | undefined;
  readonly workers: number | undefined;
  readonly chunk: number | undefined;
  /** The SQL condition for rows; undefined for all. */
  readonly where?: string | undefined;
  readonly limit: number | undefined;
  readonly maxErrors: number | undefined;
  readonly force: boolean;
  readonly restart: boolean;
  /** For workers of other processes. */
  readonly queue?: QueueSettings | undefined;
  /** For files that are not in a store. */
  readonly load: KeepableOptions;
}

export interface QueueSettings {
  readonly url: string;
  /** The folder to which paths are relative; undefined if they are the same for all machines. */
  readonly root: string | undefined;
  /** The number of attempts per chunk. */
  readonly attempts: number;
}
