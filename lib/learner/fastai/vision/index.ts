export * from './errors/index.js';
export type { ImageItem, RawImage } from './image-item.js';
export type { DecodedImageTarget } from './image-target.js';
export type { ImageLimits } from './image/limits.js';
export type { Colour } from './image/png-writer.js';
export type { OutputImageType } from './image/write-image.js';
export { VisionInference } from './vision-inference.js';
