export {
  DecodedTextTooLongError,
  InvalidGenerateOptionError,
  NoTokenLeftError,
} from './generate-input.error.js';
export { NotProbabilitiesError } from './not-probabilities.error.js';
