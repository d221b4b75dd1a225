/** A file or an object that an argument names. */
export interface FoundFile {
  readonly path: string;
  readonly size: number;
  /** 0 for objects, which have an ETag. */
  readonly mtimeMs: number;
  readonly etag?: string;
}

export interface Found {
  /** Names of partitions are read in the path after it. */
  readonly root: string;
  readonly files: readonly FoundFile[];
  /** A folder or a pattern: a text in it is an item, where a file alone has a text a line. */
  readonly several: boolean;
}

/** Whether tools keep a file to themselves, as its name tells. */
export function isHidden(path: string): boolean {
  return /(?:^|[\\/])[._][^\\/]*$/.test(path);
}
