import type { Metadata } from '@grpc/grpc-js';
import { RunAbortedError } from '../../../serving/runner/errors.js';
import { RequestTimeoutError } from '../../http/errors.js';
import { CODES, httpStatusOf, nameOfCode } from './grpc-status.js';
import { LimitedScope } from './limited-scope.js';

/** The facts about a call when its metadata has arrived. */
export interface GrpcCallFacts {
  /** `/inference.GRPCInferenceService/ModelInfer`. */
  readonly path: string;
  /** Whether its client may send any number of messages. */
  readonly streams: boolean;
  readonly metadata: Metadata;
  readonly remoteAddress: string | undefined;
  /** `address:port` of the client; undefined for Unix sockets. */
  readonly peer: string | undefined;
  /** Milliseconds since 1970; Infinity if the client waits forever. */
  readonly deadlineAt: number;
}

/** A call of a client, from its metadata to its status. */
export class GrpcCall extends LimitedScope {
  readonly path: string;
  readonly streams: boolean;
  readonly metadata: Metadata;
  readonly remoteAddress: string | undefined;
  readonly peer: string | undefined;
  /** When its client will give it up, in milliseconds since 1970. */
  readonly clientDeadlineAt: number;
  /** True for all calls over HTTP/2. */
  readonly request = { method: 'POST' };
  traceId: string | undefined;
  /** The bytes of messages, without their frames. */
  requestBytes = 0;
  responseBytes = 0;
  /** The status code that the client got. */
  code: number | undefined;
  /** Whether its handler has been called and will answer it. */
  handled = false;
  /** For a stream: the number of unanswered requests. */
  inFlight = 0;
  /** For a stream: resolves when it has room for one more message; undefined if it has. */
  room: (() => Promise<void> | undefined) | undefined;
  /** Reports that the current message has been sent. */
  written: (() => void) | undefined;
  ended = false;

  constructor(facts: GrpcCallFacts) {
    const { path, streams, metadata, remoteAddress, peer, deadlineAt } = facts;
    super();
    this.path = path;
    this.streams = streams;
    this.metadata = metadata;
    this.remoteAddress = remoteAddress;
    this.peer = peer;
    this.clientDeadlineAt = deadlineAt;
    if (deadlineAt < Infinity) this.isOver(this.arrivedAt + deadlineAt - Date.now());
  }

  /** As for an HTTP request: only existing methods get this far. */
  get route(): string {
    return this.path;
  }

  /** From `x-request-id`, or generated; undefined if request ids are turned off. */
  get id(): string | undefined {
    return this.requestId;
  }

  get durationMs(): number {
    return performance.now() - this.arrivedAt;
  }

  /** The equivalent HTTP status, for logs and metrics that count errors by it. */
  get status(): number {
    return httpStatusOf(this.code ?? CODES.CANCELLED);
  }

  get grpcStatus(): string {
    return nameOfCode(this.code ?? CODES.CANCELLED);
  }

  /**
   * The status has been sent, or the client has disconnected: work in progress for the call is
   * abandoned.
   */
  closed(): void {
    this.ended = true;
    this.written?.();
    this.stopLimit();
    const late = Date.now() >= this.clientDeadlineAt;
    if (late) this.code ??= CODES.DEADLINE_EXCEEDED;
    if (this.code !== undefined && this.code !== CODES.DEADLINE_EXCEEDED) return;
    const waited = Math.round(this.durationMs);
    this.end(late ? new RequestTimeoutError(waited) : new RunAbortedError('The call', this.path));
  }
}
