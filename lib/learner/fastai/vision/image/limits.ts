import { EmptyImageError, ImageTooLargeError } from '../../errors.js';

/** Limits of decoding. @publicApi */
export interface ImageLimits {
  /** The limit on the pixels (width x height). @default 178956970, PIL's limit as well */
  readonly maxPixels?: number;
}

/** Twice PIL's `MAX_IMAGE_PIXELS`: above it PIL raises an error instead of a warning. */
const DEFAULT_MAX_PIXELS = 178_956_970;

/** @throws ImageTooLargeError, or EmptyImageError for an image without pixels. */
export function checkSize(width: number, height: number, limits: ImageLimits = {}): void {
  const maxPixels = limits.maxPixels ?? DEFAULT_MAX_PIXELS;
  if (width * height > maxPixels) throw new ImageTooLargeError(width, height, maxPixels);
  if (width <= 0 || height <= 0) throw new EmptyImageError(width, height);
}
