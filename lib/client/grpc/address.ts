import { shortened } from '../../learner/errors/index.js';
import { InferenceError } from '../errors.js';

/** The address of a server. */
export interface GrpcAddress {
  /** The target in the syntax of grpc-js. */
  readonly target: string;
  readonly secure: boolean;
  /**
   * Whether calls go to every address of the name in turn. Otherwise they go to the first that
   * answers.
   */
  readonly balanced: boolean;
}

const FORMS =
  'grpc://host:8001, grpcs://host:8001, dns:///host:8001, ipv4:10.0.0.1:8001,10.0.0.2:8001 or unix:/run/vts.sock';

/** @throws InferenceError */
export function parseGrpcAddress(url: string, tls: boolean): GrpcAddress {
  const [, scheme = '', rest = ''] = /^([a-z0-9+-]+):(.*)$/is.exec(url) ?? [];
  switch (scheme.toLowerCase()) {
    case 'grpc':
    case 'grpcs': {
      const secure = tls || scheme.length === 5;
      return { target: `dns:///${hostOf(url, rest)}`, secure, balanced: false };
    }
    case 'dns':
      requirePort(url, rest);
      return { target: `dns:${rest}`, secure: tls, balanced: true };
    case 'ipv4':
    case 'ipv6':
      for (const address of rest.split(',')) requirePort(url, address);
      return { target: `${scheme.toLowerCase()}:${rest}`, secure: tls, balanced: true };
    case 'unix':
    case 'unix-abstract':
      if (rest.replaceAll('/', '') === '') throw wrong(url, 'does not name a socket');
      return { target: `${scheme.toLowerCase()}:${rest}`, secure: tls, balanced: false };
    default:
      throw wrong(url, 'has a scheme that gRPC does not support');
  }
}

function hostOf(url: string, rest: string): string {
  const [, host, path = ''] = /^\/\/([^/?#]*)(.*)$/s.exec(rest) ?? [];
  if (host === undefined) throw wrong(url, 'has no // before its host');
  if (host.includes('@')) {
    throw wrong(rest.replace(/^.*@/s, ''), 'has a user or a password, which belong in headers');
  }
  if (path !== '' && path !== '/') throw wrong(url, 'has a path');
  requirePort(url, host);
  return host;
}

function requirePort(url: string, address: string): void {
  const [, port] = /[^:/\s]:(\d{1,5})$/.exec(address) ?? [];
  if (port === undefined || Number(port) < 1 || Number(port) > 65535)
    throw wrong(url, 'has no port');
}

function wrong(url: string, fact: string): InferenceError {
  return new InferenceError(`The address "${shortened(url)}" ${fact}; give one such as ${FORMS}.`, {
    status: 'INVALID_ARGUMENT',
    mayHaveRun: false,
  });
}
