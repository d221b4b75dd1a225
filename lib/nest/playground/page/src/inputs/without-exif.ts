/** The largest length: a segment's two length bytes include themselves. */
const LONGEST_SEGMENT = 0xffff;

/** The limit on segments before the pixels; files have about a dozen. */
const MOST_SEGMENTS = 1000;

/**
 * A JPEG without its EXIF data, so that browsers show it as it is stored. fastai ignores EXIF
 * rotation, and browsers do not let a page turn it off when they decode off the main thread. Other
 * files are returned unchanged.
 */
export async function withoutExif(file: Blob): Promise<Blob> {
  let at = 2;
  if ((await numberAt(file, 0)) !== 0xffd8) return file;
  for (let segments = 0; segments < MOST_SEGMENTS; segments++) {
    const marker = await numberAt(file, at);
    // The pixels begin here, or the file is not a JPEG.
    if (marker === 0xffda || marker >> 8 !== 0xff) return file;
    const end = at + 2 + Math.min(await numberAt(file, at + 2), LONGEST_SEGMENT);
    if (marker === 0xffe1 && (await file.slice(at + 4, at + 8).text()) === 'Exif') {
      return new Blob([file.slice(0, at), file.slice(end)], { type: file.type });
    }
    at = end;
  }
  return file;
}

/** Big endian, two bytes; 0 after the end. */
async function numberAt(file: Blob, at: number): Promise<number> {
  const bytes = await file.slice(at, at + 2).arrayBuffer();
  return bytes.byteLength < 2 ? 0 : new DataView(bytes).getUint16(0);
}
