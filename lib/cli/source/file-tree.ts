/** A folder of files, on the disk or elsewhere. */
export interface FileTree {
  /** As people read it. */
  readonly from: string;
  /** Paths of files, relative to the folder, with "/" between their parts. */
  readonly paths: readonly string[];
  /** A small file as text. @throws CommandError when it has more than 1 MiB. */
  read(path: string): Promise<string>;
}

/** The most bytes that are read from a file with facts about a learner. */
export const MAX_FACTS_BYTES = 2 ** 20;

/** Which of a folder's files is the learner. */
export interface FoundLearner {
  readonly path: string;
  /** Packages that trained it, by their names. */
  readonly versions: Readonly<Record<string, string>>;
  readonly note?: string;
}

/**
 * Whether a folder of a tree can hold a learner, or lead to one: not each of a project's folders is
 * listed, as one of them may hold its pictures.
 */
export function isLearnersFolder(path: string): boolean {
  return /^(?:models?|app|artifacts)$|^(?:artifacts|models)\/[^/]+$|^(?:models\/[^/]+\/)?S\d+F\d+$/.test(
    path,
  );
}
