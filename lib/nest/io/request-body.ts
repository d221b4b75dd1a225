/** For descriptors whose bodies are often files. */
export const FILE_MAX_BYTES = 20 * 1024 * 1024;

/** A request's body, as descriptors get it. @publicApi */
export interface RequestBody {
  /** Decompressed bytes; undefined if a body parser of the application kept only its result. */
  readonly bytes: Uint8Array | undefined;
  /** The result of the application's body parser, if one has read the body. */
  readonly parsed?: unknown;
  /** The content-type header with all its parameters. */
  readonly contentType?: string | undefined;
  /** The `charset` parameter of the content type, lower case. */
  readonly charset: string | undefined;
  /** The media type, lower case and without parameters; undefined if the request has none. */
  readonly mediaType: string | undefined;
}

/** `type/subtype` and charset of a content-type header. */
export function parseContentType(header: string | undefined): ContentType {
  if (header === undefined || header.trim() === '') return NONE;
  let type = contentTypes.get(header);
  if (type === undefined) {
    const mediaType = header.split(';', 1)[0]?.trim().toLowerCase();
    type = { mediaType, charset: parameterOf(header, 'charset')?.toLowerCase() };
    if (contentTypes.size < MOST_TYPES) contentTypes.set(header, type);
  }
  return type;
}

type ContentType = Readonly<Pick<RequestBody, 'mediaType' | 'charset'>>;

const NONE: ContentType = { mediaType: undefined, charset: undefined };
/** Clients send few different headers; others are parsed each time. */
const MOST_TYPES = 100;
const contentTypes = new Map<string, ContentType>();

const PARAMETER = /;\s*([^=;\s]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))/g;

/** A parameter of a header: quoted, with escapes, or bare. */
export function parameterOf(header: string, name: string): string | undefined {
  for (const [, key = '', quoted, bare] of header.matchAll(PARAMETER)) {
    if (key.toLowerCase() === name) return quoted?.replace(/\\(.)/g, '$1') ?? bare?.trim();
  }
  return undefined;
}
