/**
 * The body of a request, as descriptors get it.
 *
 * @publicApi
 */
export interface RequestBody {
  /**
   * The bytes, decompressed; undefined where a body parser of the application has left only its
   * result.
   */
  readonly bytes: Uint8Array | undefined;
  /** What a body parser of the application made of the body, where one did. */
  readonly parsed?: unknown;
  /** The `charset` parameter of the content type, lower case. */
  readonly charset: string | undefined;
  /** The media type, lower case and without parameters; undefined where the request names none. */
  readonly mediaType: string | undefined;
}

/** `type/subtype` and charset of a content-type header. */
export function parseContentType(header: string | undefined): {
  mediaType: string | undefined;
  charset: string | undefined;
} {
  if (header === undefined || header.trim() === '') {
    return { mediaType: undefined, charset: undefined };
  }
  const [type = '', ...parameters] = header.split(';');
  let charset: string | undefined;
  for (const parameter of parameters) {
    const [name = '', ...value] = parameter.split('=');
    if (name.trim().toLowerCase() !== 'charset') continue;
    charset = value
      .join('=')
      .trim()
      .replace(/^"(.*)"$/, '$1')
      .toLowerCase();
  }
  return { mediaType: type.trim().toLowerCase(), charset };
}
