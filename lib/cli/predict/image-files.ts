/** Extensions of image files, for folders that may contain other files. */
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
