import type { KeepableOptions } from '../../serving/models/kept/keep-options.js';
import type { Model } from '../../serving/store/index.js';

/** The file of a learner or model, wherever it came from. */
export interface Source {
  readonly file: string;
  /** A name from that of the file, folder or repository. It is valid in a tag. */
  readonly name: string;
  /** Where it comes from, for messages: a path, a tag, or a URL without its secrets. */
  readonly from: string;
  /** Whether it was downloaded from a URL. */
  readonly remote?: boolean;
  /** For a tag: the model of the store. */
  readonly model?: Model;
  /** The load options that were stored with that model. */
  readonly load?: KeepableOptions;
  /** The packages that trained it, if a file beside it lists them. */
  readonly versions: Readonly<Record<string, string>>;
  /** A warning about its numbers, which was already written to stderr. */
  readonly note?: string | undefined;
  /** Removes files that were made only for this call. The file of a tag, path or cache stays. */
  cleanup(): Promise<void>;
}

export const nothingToClean = async (): Promise<void> => {};
