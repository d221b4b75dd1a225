import { EmptyImageError, ImageTooLargeError } from '../../errors.js';

/** What is decoded at most. @publicApi */
export interface ImageLimits {
  /** Pixels (width x height). @default 178956970, where PIL refuses as well */
  readonly maxPixels?: number;
}

/** Twice PIL's `MAX_IMAGE_PIXELS`: from there on it raises an error instead of a warning. */
const DEFAULT_MAX_PIXELS = 178_956_970;

/** @throws ImageTooLargeError, or EmptyImageError for an image without pixels. */
export function checkSize(width: number, height: number, limits: ImageLimits = {}): void {
  const maxPixels = limits.maxPixels ?? DEFAULT_MAX_PIXELS;
  if (width * height > maxPixels) throw new ImageTooLargeError(width, height, maxPixels);
  if (width <= 0 || height <= 0) throw new EmptyImageError(width, height);
}
