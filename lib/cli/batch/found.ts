/** A file or an object that an argument names. */
export interface FoundFile {
  readonly path: string;
  readonly size: number;
  /** 0 for objects, which have an ETag. */
  readonly mtimeMs: number;
  readonly etag?: string;
}

export interface Found {
  /** Partition names are read from the path after it. */
  readonly root: string;
  readonly files: readonly FoundFile[];
  /**
   * Whether a folder or a pattern gave it: then a text file is one item, while a single text file
   * has one text per line.
   */
  readonly several: boolean;
}

/** Whether a file is private to a tool, judging by its name. */
export function isHidden(path: string): boolean {
  return /(?:^|[\\/])[._][^\\/]*$/.test(path);
}
