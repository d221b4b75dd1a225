/** The token of the `InferenceService`, which implements the protocol for both REST and gRPC. */
export const INFERENCE_SERVICE = 'VTS:InferenceService';
