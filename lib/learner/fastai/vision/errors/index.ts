export {
  DamagedImageError,
  EmptyImageError,
  ImageTooLargeError,
  UnreadableImageFileError,
  UnsupportedImageError,
} from './image.error.js';
