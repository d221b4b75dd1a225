import { VtsError } from '../../../learner/errors/index.js';

const REASONS = new Map([
  ['EADDRINUSE', 'another program uses that address'],
  ['EADDRNOTAVAIL', 'this machine does not have that address'],
  ['EACCES', 'the process lacks permission'],
  ['ENOTFOUND', 'the host name is unknown'],
  ['ENOENT', 'the folder of the socket does not exist'],
]);

/** The gRPC server cannot listen where `openInference.grpc` says. @publicApi */
export class GrpcListenError extends VtsError {
  /** Node's error code, such as `EADDRINUSE`. */
  readonly reason: string;

  constructor(host: string, port: number, cause: NodeJS.ErrnoException) {
    const where = host.startsWith('unix:') ? host : `${host}:${port}`;
    const { code = cause.message } = cause;
    const fact = REASONS.get(code);
    super(
      `gRPC cannot listen on ${where}${fact === undefined ? '' : `: ${fact}`} (${code}); choose another port or host in openInference.grpc.`,
      { cause },
    );
    this.reason = code;
  }
}
