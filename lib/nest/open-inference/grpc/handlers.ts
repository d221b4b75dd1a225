import type { handleUnaryCall } from '@grpc/grpc-js';
import { requestScope, type RequestScope } from '../../../serving/runtime/request-scope.js';
import type { GrpcCall } from './grpc-call.js';
import type { GrpcCalls } from './grpc-calls.js';
import type { GrpcObserver } from './grpc-observer.js';

/** The parts that all handlers share. */
export interface CallContext {
  readonly calls: GrpcCalls;
  readonly observer: GrpcObserver;
}

/** Runs work for a call, so that its deadline, its client's leaving and its trace reach it. */
export function runFor<T>(
  { observer }: CallContext,
  call: GrpcCall,
  work: () => T,
  scope: RequestScope = call,
): T {
  return observer.within(call, () => requestScope.run(scope, work));
}

/** A method that takes one message and returns one. */
export function unary<Request, Response>(
  context: CallContext,
  run: (request: Request, call: GrpcCall) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  const { calls } = context;
  return (given, callback) => {
    const call = calls.of(given.metadata);
    call.handled = true;
    call
      .until(() => runFor(context, call, () => run(given.request, call)))
      .then(
        (response) => {
          call.stopLimit();
          given.sendMetadata(calls.head(call));
          callback(null, response);
        },
        (error: unknown) => callback(calls.endOf(call, error)),
      );
  };
}
