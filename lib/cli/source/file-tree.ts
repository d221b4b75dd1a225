/** A folder of files, on the disk or elsewhere. */
export interface FileTree {
  /** Its name in messages. */
  readonly from: string;
  /** Paths of files, relative to the folder, with "/" between their parts. */
  readonly paths: readonly string[];
  /** A small file as text. @throws CommandError if it has more than 1 MiB. */
  read(path: string): Promise<string>;
}

/** How many bytes are read at most from a file with facts about a learner. */
export const MAX_FACTS_BYTES = 2 ** 20;

/** Which of a folder's files is the learner. */
export interface FoundLearner {
  readonly path: string;
  /** The versions of the packages that trained it, by name. */
  readonly versions: Readonly<Record<string, string>>;
  readonly note?: string;
}

/**
 * Whether a folder of a tree can contain a learner. Other folders of a project are not listed,
 * because they may contain many pictures.
 */
export function isLearnersFolder(path: string): boolean {
  return /^(?:models?|app|artifacts)$|^(?:artifacts|models)\/[^/]+$|^(?:models\/[^/]+\/)?S\d+F\d+$/.test(
    path,
  );
}
