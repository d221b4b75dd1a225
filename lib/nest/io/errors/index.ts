export { InvalidDescriptorError } from './invalid-descriptor.error.js';
export { InvalidOutputError } from './invalid-output.error.js';
export {
  BodyTooLargeError,
  InvalidBodyError,
  UnsupportedBodyError,
  UnreadableBodyError,
} from './body.error.js';
