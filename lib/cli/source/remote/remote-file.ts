/** A request to a server. */
export interface HttpRequest {
  readonly url: URL;
  /** Sent to the origin of `url`, and to no other that it redirects to. */
  readonly authorization?: string | undefined;
}

/** A file on a server. */
export interface RemoteFile {
  /** What the cache knows it by; without secrets, as `from`. */
  readonly key: string;
  readonly from: string;
  /** Parts of its path, of which the last telling one names the model. */
  readonly parts: readonly string[];
  readonly request: HttpRequest;
  /** What `key` names never changes. */
  readonly immutable?: boolean;
  /** Another request to try when this one got that answer. */
  readonly retry?: (response: Response) => Promise<HttpRequest | undefined>;
  /** What to do when the server asks who one is, or refuses. */
  readonly accessRemedy: string;
  readonly versions?: Readonly<Record<string, string>>;
  readonly note?: string | undefined;
}

/** A URL as it may be shown and kept: without a password, and without a query that may be a key. */
export function shown({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

/** The parts of a path, as they were before they were encoded. */
export function pathParts({ pathname }: URL): string[] {
  return pathname.split('/').map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
}
