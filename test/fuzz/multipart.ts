/** One part of a form. */
export interface Part {
  readonly name: string;
  readonly type: string | undefined;
  readonly bytes: Uint8Array;
}

export function multipart(parts: readonly Part[], boundary: string): Buffer {
  const chunks = parts.flatMap(({ name, type, bytes }) => [
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n` +
        `${type === undefined ? '' : `Content-Type: ${type}\r\n`}\r\n`,
    ),
    bytes,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`)]);
}
