/** A request to a server. */
export interface HttpRequest {
  readonly url: URL;
  /** Sent only to the origin of `url`, not to other origins after a redirect. */
  readonly authorization?: string | undefined;
}

/** A file on a server. */
export interface RemoteFile {
  /** Its key in the cache; without secrets, like `from`. */
  readonly key: string;
  readonly from: string;
  /** The parts of its path. The last one that is not a common name gives the model its name. */
  readonly parts: readonly string[];
  readonly request: HttpRequest;
  /** Whether the content behind `key` never changes. */
  readonly immutable?: boolean;
  /** Another request to try after that answer. */
  readonly retry?: (response: Response) => Promise<HttpRequest | undefined>;
  /** What to do if the server requires authentication, or refuses. */
  readonly accessRemedy: string;
  readonly versions?: Readonly<Record<string, string>>;
  readonly note?: string | undefined;
}

/**
 * A URL that may be shown and stored: without a password, and without a query, which may be a key.
 */
export function shown({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

/** The parts of a path, decoded. */
export function pathParts({ pathname }: URL): string[] {
  return pathname.split('/').map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
}
