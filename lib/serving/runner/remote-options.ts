import {
  checkOptions,
  count,
  milliseconds,
  numberFrom,
  text,
  type OptionTable,
} from '../options.js';
import { InvalidRunnerOptionError } from './errors.js';

/** Certificates for TLS, in PEM. @publicApi */
export interface RemoteTlsOptions {
  /** The trusted authorities. @default those of Node */
  ca?: string | Uint8Array;
  /** The client's own certificate and its key, if the server requires one. */
  cert?: string | Uint8Array;
  key?: string | Uint8Array;
  /** The name in the server's certificate. @default the host of the address */
  serverName?: string;
}

/**
 * A model that another process or machine serves with the Open Inference Protocol: another
 * application of this module, `vts serve`, Triton, KServe or MLServer.
 *
 * @publicApi
 */
export interface RemoteOptions {
  /**
   * The address of the server. Several addresses take calls in turn.
   *
   * - `grpc://host:port`, and with TLS `grpcs://host:port`
   * - `http://host:port/prefix`, `https://…`
   * - `unix:/run/models.sock`: gRPC over a Unix socket; `http+unix:/run/models.sock`: REST
   * - `dns:///host:port`, `dns+tls:///host:port`: gRPC at every address of the name;
   *   `http+dns://host:port`: REST. Names are resolved again every 30 s, and when a call fails.
   */
  url: string | readonly string[];
  /** The name of the model on the server. @default the name of the runner */
  model?: string;
  /**
   * The version on the server. @default that of the runner's tag, and the server's latest for
   * `latest`
   */
  version?: string;
  /** Headers of every call, or gRPC metadata: a token, for example. */
  headers?: Readonly<Record<string, string>>;
  /** For `grpcs://`, `dns+tls:///` and `https://`. */
  tls?: RemoteTlsOptions;
  /**
   * The time limit of the server for a call in milliseconds, including retries. The server receives
   * the remaining time.
   *
   * @default what is left of the runner's `timeoutMs` and of the request
   */
  deadlineMs?: number;
  /**
   * How often a call is sent again, preferably to another address, if the server certainly ran
   * nothing: it was not reached, or refused the call.
   *
   * @default 2
   */
  retries?: number;
  /**
   * The limit on calls in progress. Further calls are refused at once, HTTP 429. @default no limit
   */
  maxConcurrency?: number;
  /**
   * How long a call waits for an address while none is ready, in milliseconds; then HTTP 503.
   *
   * @default 1000
   */
  waitMs?: number;
  /** Milliseconds between two readiness checks of an address. @default 2000 */
  probeMs?: number;
}

export type RemoteScheme = 'grpc' | 'grpcs' | 'http' | 'https';

/** A parsed address. */
export interface RemoteAddress {
  /** The original text, for messages, metrics and spans. */
  readonly url: string;
  readonly scheme: RemoteScheme;
  /** `host` and `port` if the name must be resolved. */
  readonly lookUp?: { readonly host: string; readonly port: string };
  /** The path of a Unix socket. */
  readonly socket?: string;
}

/** Options with all defaults filled in. */
export interface ResolvedRemote {
  readonly addresses: readonly RemoteAddress[];
  readonly model: string | undefined;
  readonly version: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: RemoteTlsOptions | undefined;
  /** Infinity if only the call's own time limit counts. */
  readonly deadlineMs: number;
  readonly retries: number;
  readonly maxConcurrency: number | undefined;
  readonly waitMs: number;
  readonly probeMs: number;
}

const MOST_ADDRESSES = 256;
const DEFAULT_RETRIES = 2;
const DEFAULT_WAIT_MS = 1000;
const DEFAULT_PROBE_MS = 2000;

const ADDRESS_REMEDY =
  'use grpc://host:port, grpcs://host:port, http://host:port, https://host:port, unix:/path, ' +
  'http+unix:/path, dns:///host:port, dns+tls:///host:port or http+dns://host:port';

type Refuse = (fact: string, remedy: string) => never;

/** @throws InvalidRunnerOptionError */
export function resolveRemote(runner: string, remote: unknown): ResolvedRemote {
  const refuse: Refuse = (fact, remedy) => {
    throw new InvalidRunnerOptionError(runner, fact, remedy);
  };
  const given = typeof remote === 'string' ? { url: remote } : remote;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return refuse('remote is not an address', 'give a URL, or an object with url');
  }
  const options = given as RemoteOptions;
  checkOptions(
    OPTIONS,
    options,
    (option, fact, remedy) => refuse(`${option} ${fact}`, remedy),
    'remote.',
  );
  const { url, tls } = options;
  const urls = typeof url === 'string' ? [url] : url;
  if (!Array.isArray(urls) || urls.length === 0) {
    return refuse('remote.url has no address', ADDRESS_REMEDY);
  }
  if (urls.length > MOST_ADDRESSES) {
    refuse(`remote.url has ${urls.length} addresses`, `give at most ${MOST_ADDRESSES}`);
  }
  const addresses = urls.map((each: unknown) => addressOf(each, refuse));
  if (tls !== undefined && !addresses.some(({ scheme }) => scheme.endsWith('s'))) {
    refuse('remote.tls is given, but no address uses TLS', 'use grpcs://, dns+tls:/// or https://');
  }
  return {
    addresses,
    model: options.model,
    version: options.version,
    headers: options.headers ?? {},
    tls,
    deadlineMs: options.deadlineMs === undefined ? Infinity : options.deadlineMs,
    retries: options.retries ?? DEFAULT_RETRIES,
    maxConcurrency: options.maxConcurrency,
    waitMs: options.waitMs ?? DEFAULT_WAIT_MS,
    probeMs: options.probeMs ?? DEFAULT_PROBE_MS,
  };
}

const pem = (value: unknown): boolean =>
  value === undefined || (typeof value === 'string' && value !== '') || value instanceof Uint8Array;

const TLS: OptionTable<RemoteTlsOptions> = {
  ca: (value, option, refuse) =>
    void (pem(value) || refuse(option, 'is not in PEM format', 'give its PEM text')),
  cert: (value, option, refuse) =>
    void (pem(value) || refuse(option, 'is not in PEM format', 'give its PEM text')),
  key: (value, option, refuse) =>
    void (pem(value) || refuse(option, 'is not in PEM format', 'give its PEM text')),
  serverName: text('give a host name', /./),
};

const OPTIONS: OptionTable<RemoteOptions> = {
  url: () => undefined,
  model: text('give the name of the model there', /./),
  version: text('give the version of the model there', /./),
  headers: (value, option, refuse) => {
    if (value === undefined) return;
    if (typeof value !== 'object' || value === null) {
      refuse(option, 'is not an object', 'give headers by their names');
    }
    for (const [name, header] of Object.entries(value as object)) {
      if (!/^[\w-]+$/.test(name))
        refuse(`${option}."${name}"`, 'is not a valid header name', 'rename it');
      if (typeof header !== 'string' || /[\r\n\0]/.test(header)) {
        refuse(`${option}.${name}`, 'is not a valid header value', 'give a string of one line');
      }
    }
  },
  tls: (value, option, refuse) => {
    if (value === undefined) return;
    if (typeof value !== 'object' || value === null) {
      refuse(option, 'is not an object', 'give { ca, cert, key, serverName }');
    }
    checkOptions(TLS, value as RemoteTlsOptions, refuse, `${option}.`);
  },
  deadlineMs: milliseconds(1),
  retries: (value, option, refuse) => {
    if (
      value !== undefined &&
      !(Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 100)
    ) {
      refuse(option, `is ${String(value)}`, 'use a whole number of 0 to 100');
    }
  },
  maxConcurrency: count,
  waitMs: milliseconds(0),
  probeMs: numberFrom(100, 3_600_000, ' milliseconds'),
};

const SCHEMES: Readonly<Record<string, RemoteScheme>> = {
  grpc: 'grpc',
  grpcs: 'grpcs',
  http: 'http',
  https: 'https',
  dns: 'grpc',
  'dns+tls': 'grpcs',
  'http+dns': 'http',
};

function addressOf(url: unknown, refuse: Refuse): RemoteAddress {
  if (typeof url !== 'string') {
    return refuse(`remote.url is ${JSON.stringify(url) ?? String(url)}`, ADDRESS_REMEDY);
  }
  const unknown = (): never => refuse(`remote.url "${url}" is not a valid address`, ADDRESS_REMEDY);
  const encoded = /^http\+unix:\/\/(%2F[^/]+)$/i.exec(url);
  if (encoded) return { url, scheme: 'http', socket: decodeURIComponent(encoded[1] as string) };
  const socket = /^(unix|http\+unix):(?:\/\/)?(\/.+)$/.exec(url);
  if (socket) {
    return { url, scheme: socket[1] === 'unix' ? 'grpc' : 'http', socket: socket[2] as string };
  }
  const [, prefix = '', rest = ''] = /^([a-z+]+):\/\/\/?([^\s]+)$/.exec(url) ?? [];
  const scheme = Object.hasOwn(SCHEMES, prefix) ? SCHEMES[prefix] : undefined;
  if (scheme === undefined || (url.startsWith(`${prefix}:///`) && !prefix.startsWith('dns'))) {
    return unknown();
  }
  const web = `${scheme.startsWith('grpc') ? 'http' : scheme}://${rest}`;
  if (!URL.canParse(web)) return unknown();
  const { hostname, port, pathname, username, password, search, hash } = new URL(web);
  if (username !== '' || password !== '' || search !== '' || hash !== '') {
    return refuse(
      `remote.url "${scheme}://${hostname}…" has more than a host, a port and a path`,
      'give secrets in remote.headers',
    );
  }
  const written = /:(\d+)(\/|$)/.exec(rest.replace(/^\[[^\]]*\]/, ''))?.[1];
  if (scheme.startsWith('grpc')) {
    if (pathname !== '/') return refuse(`remote.url "${url}" has a path`, 'leave it out for gRPC');
    if (written === undefined) return refuse(`remote.url "${url}" has no port`, 'give it');
  }
  if (!prefix.includes('dns')) return { url, scheme };
  if (pathname !== '/') return refuse(`remote.url "${url}" has a path`, 'leave it out');
  return { url, scheme, lookUp: { host: hostname, port: written ?? (port === '' ? '80' : port) } };
}
