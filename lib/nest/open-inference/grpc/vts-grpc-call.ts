/**
 * What global guards of the application see of a gRPC call: `context.getType()` is `rpc`,
 * `context.switchToRpc().getData()` gives this, and `getContext()` the metadata of grpc-js. They are
 * asked when the metadata has come, before any message is read.
 *
 * A guard that reads `headers` of an HTTP request reads them here as well.
 *
 * @publicApi
 */
export interface VtsGrpcCall {
  /** Metadata of the call by name, in small letters; without binary values. */
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
