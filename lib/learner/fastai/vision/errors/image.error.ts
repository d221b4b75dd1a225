import { InputError } from '../../../errors/index.js';

/** The bytes are no image, or one of a format that is not read. @publicApi */
export class UnsupportedImageError extends InputError {
  constructor(
    /** What was found, e.g. "a PSD file". */
    readonly found: string,
  ) {
    super(
      `The image is ${found}, which is not read here; send it as JPEG, PNG, WebP, GIF, BMP or TIFF.`,
    );
  }
}

/** The image is cut off or its contents contradict its format. @publicApi */
export class DamagedImageError extends InputError {
  constructor(
    readonly format: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `The ${format} image cannot be decoded: ${reason}; save it again and send the new file.`,
      options,
    );
  }
}

/** The header declares more pixels than are decoded: a decompression bomb, perhaps. @publicApi */
export class ImageTooLargeError extends InputError {
  constructor(
    readonly width: number,
    readonly height: number,
    readonly maxPixels: number,
  ) {
    super(
      `The image has ${width} x ${height} pixels, and at most ${maxPixels} are decoded; send a smaller one or raise the limit (maxPixels).`,
    );
  }
}

/** A transform leaves nothing of an image: it has no width or no height. @publicApi */
export class EmptyImageError extends InputError {
  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    super(
      `An image of ${width} x ${height} pixels is too narrow for the learner's transforms; send one with more pixels on its shorter side.`,
    );
  }
}

/** The path of an image cannot be read. @publicApi */
export class UnreadableImageFileError extends InputError {
  constructor(path: string, cause: unknown) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    super(`The image at "${path}" cannot be read (${detail}); pass the path of an existing file.`, {
      cause,
    });
  }
}
