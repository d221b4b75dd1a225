/** Endings of files that are images, in a folder that may hold others. */
export const IMAGE_FILES = [
  '.jpg',
  '.jpeg',
  '.png',
  '.webp',
  '.bmp',
  '.gif',
  '.tif',
  '.tiff',
] as const;
