/**
 * A gRPC call as global guards of the application see it: `context.getType()` is `rpc`,
 * `context.switchToRpc().getData()` returns this object, and `getContext()` returns the metadata of
 * grpc-js. Guards run when the metadata has arrived, before any message is read.
 *
 * A guard that reads `headers` of an HTTP request can also read them here.
 *
 * @publicApi
 */
export interface VtsGrpcCall {
  /** The metadata of the call by lower-case name, without binary values. */
  readonly headers: Readonly<Record<string, string>>;
  /** `inference.GRPCInferenceService`. */
  readonly service: string;
  /** `ModelInfer`; it is also the name of `context.getHandler()`. */
  readonly method: string;
  /** `/inference.GRPCInferenceService/ModelInfer`. */
  readonly path: string;
  /** The client's address; undefined for Unix sockets. */
  readonly ip: string | undefined;
}
