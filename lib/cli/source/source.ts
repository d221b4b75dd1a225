import type { KeepableOptions } from '../../serving/models/kept/keep-options.js';
import type { Model } from '../../serving/store/index.js';

/** The file of a learner or model, wherever a command was told to find it. */
export interface Source {
  readonly file: string;
  /** Made of the file's, folder's or repository's name; the name of a tag can be it. */
  readonly name: string;
  /** Where it comes from, as people read it: a path, a tag, or a URL without its secrets. */
  readonly from: string;
  /** Whether it came from elsewhere, by its URL. */
  readonly remote?: boolean;
  /** For a tag: the model of the store. */
  readonly model?: Model;
  /** What was kept with that model, to load it with. */
  readonly load?: KeepableOptions;
  /** Packages that trained it, where a file beside it tells. */
  readonly versions: Readonly<Record<string, string>>;
  /** What one must know before one trusts its numbers; said on stderr already. */
  readonly note?: string | undefined;
  /** Removes what was made for this call alone; the file of a tag, path or cache stays. */
  cleanup(): Promise<void>;
}

export const nothingToClean = async (): Promise<void> => {};
