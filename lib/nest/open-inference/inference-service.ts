/** Token of the protocol's one implementation, an `InferenceService`, whatever carries it. */
export const INFERENCE_SERVICE = 'VTS:InferenceService';
