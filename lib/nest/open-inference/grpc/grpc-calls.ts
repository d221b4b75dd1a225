import type {
  Metadata,
  ServerInterceptingCallInterface,
  ServerInterceptor,
  StatusObject,
} from '@grpc/grpc-js';
import type * as Grpc from '@grpc/grpc-js';
import { ShuttingDownError } from '../../http/errors.js';
import { peerOf, type Connections } from './connections.js';
import { GrpcCall } from './grpc-call.js';
import type { GrpcObserver } from './grpc-observer.js';
import { failureOf, type GrpcFailure } from './grpc-status.js';
import type { GrpcGuards } from './guards.js';

/** The types that grpc-js accepts as the end of a call. */
export type GrpcEnd = Pick<StatusObject, 'code' | 'details' | 'metadata'>;

export interface GrpcCallsOptions {
  readonly grpc: typeof Grpc;
  readonly observer: GrpcObserver;
  readonly guards: GrpcGuards;
  readonly connections: Connections;
  /** The module's time limit, for calls of one message. */
  readonly timeoutMs: number;
  /** Whether calls of a path are only for probes: open to everybody, and not logged. */
  readonly isProbe: (path: string) => boolean;
  /** Called for a failure that the client does not see. */
  readonly tell: (error: unknown, call: GrpcCall) => void;
}

/** Tracks the calls in progress. It sees the beginning and the end of each call. */
export class GrpcCalls {
  readonly #inProgress = new Set<GrpcCall>();
  readonly #byMetadata = new WeakMap<Metadata, GrpcCall>();
  #refusing = false;
  #closing = false;

  constructor(private readonly options: GrpcCallsOptions) {}

  /** The call whose metadata grpc-js has delivered. */
  of(metadata: Metadata): GrpcCall {
    return this.#byMetadata.get(metadata) as GrpcCall;
  }

  /** Ends calls in progress and all new calls with UNAVAILABLE. */
  refuse(): void {
    this.#refusing = true;
    for (const call of this.#inProgress) call.end(new ShuttingDownError());
  }

  /** Ends streams as soon as they have nothing in flight. */
  endStreams(): void {
    this.#closing = true;
    for (const call of this.#inProgress) if (call.streams) this.rested(call);
  }

  /** A stream may have nothing in flight. */
  rested(call: GrpcCall): void {
    if (this.#closing && call.inFlight === 0) call.end(new ShuttingDownError());
  }

  readonly interceptor: ServerInterceptor = ({ path, requestStream }, next) => {
    const { grpc } = this.options;
    let call: GrpcCall | undefined;
    // grpc-js itself ends some calls without telling the handler: those with too large messages,
    // and late ones.
    const sendStatus = next.sendStatus.bind(next);
    next.sendStatus = (status) => {
      if (call !== undefined) call.code ??= status.code;
      sendStatus(status);
    };
    const sendMessage = next.sendMessage.bind(next);
    next.sendMessage = (message, done) => {
      if (call === undefined) return sendMessage(message, done);
      call.responseBytes += sizeOf(message);
      call.written = this.options.connections.writing(call.peer);
      sendMessage(message, () => {
        call?.written?.();
        done();
      });
    };
    return new grpc.ServerInterceptingCall(next, {
      start: (begin) =>
        begin({
          onReceiveMetadata: (metadata, pass) => {
            call = this.#begin(path, requestStream, metadata, next);
            this.#admit(call, next, () => pass(metadata));
          },
          onReceiveMessage: (message, pass) => {
            if (call !== undefined) call.requestBytes += sizeOf(message);
            const room = call?.room?.();
            if (room === undefined) pass(message);
            else void room.then(() => pass(message));
          },
          onCancel: () => {
            if (call !== undefined) this.#end(call);
          },
        }),
    });
  };

  /** The status of a call that failed. */
  endOf(call: GrpcCall, error: unknown): GrpcEnd {
    const failure = failureOf(error, call.handled && error === call.reason);
    if (failure.hidden) this.options.tell(error, call);
    return {
      code: failure.code,
      details: failure.details,
      metadata: this.#trailers(call, failure),
    };
  }

  /** The metadata of a response. */
  head(call: GrpcCall): Metadata {
    const metadata = new this.options.grpc.Metadata();
    const { key } = this.options.observer.ids ?? {};
    if (key !== undefined && call.id !== undefined) metadata.set(key, call.id);
    if (call.traceparent !== undefined) {
      metadata.set('traceparent', call.traceparent);
      metadata.set('traceresponse', call.traceparent);
    }
    return metadata;
  }

  #trailers(call: GrpcCall, { retryAfterMs }: GrpcFailure): Metadata {
    const metadata = this.head(call);
    if (retryAfterMs !== undefined) {
      metadata.set('retry-after', String(Math.ceil(retryAfterMs / 1000)));
      metadata.set('grpc-retry-pushback-ms', String(retryAfterMs));
    }
    return metadata;
  }

  #begin(
    path: string,
    streams: boolean,
    metadata: Metadata,
    next: ServerInterceptingCallInterface,
  ): GrpcCall {
    const info = next.getConnectionInfo();
    const deadline = next.getDeadline();
    const call = new GrpcCall({
      path,
      streams,
      metadata,
      remoteAddress: info.remoteAddress,
      peer: peerOf(info),
      deadlineAt: deadline instanceof Date ? deadline.getTime() : deadline,
    });
    this.#byMetadata.set(metadata, call);
    if (this.options.isProbe(path)) return call;
    // A stream may last as long as its client wants.
    if (!streams) call.limit(this.options.timeoutMs);
    this.#inProgress.add(call);
    this.options.observer.begin(call);
    return call;
  }

  /** Admits a call whose metadata has arrived. Nothing else of it was read. */
  #admit(call: GrpcCall, next: ServerInterceptingCallInterface, pass: () => void): void {
    if (this.options.isProbe(call.path)) return pass();
    const refuse = (error: unknown): void => {
      if (!call.ended && !call.handled) next.sendStatus(this.endOf(call, error));
    };
    if (this.#refusing) return refuse(new ShuttingDownError());
    // Its deadline may pass before its message arrives.
    call.onEnd(refuse);
    const enter = (): void => {
      if (call.reason === undefined) pass();
    };
    const asked = this.options.guards.ask(call);
    if (asked === undefined) enter();
    else asked.then(enter, refuse);
  }

  #end(call: GrpcCall): void {
    if (call.ended) return;
    call.closed();
    if (this.options.isProbe(call.path)) return;
    this.options.observer.end(call);
    this.#inProgress.delete(call);
  }
}

function sizeOf(message: unknown): number {
  return message instanceof Uint8Array ? message.length : 0;
}
