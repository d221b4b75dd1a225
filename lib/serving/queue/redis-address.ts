import { QueueUrlError } from './errors.js';

/** The part of BullMQ's `connection` option that an address determines. */
export interface RedisTarget {
  readonly host?: string;
  readonly port?: number;
  /** A Unix socket, instead of host and port. */
  readonly path?: string;
  readonly db?: number;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: { readonly servername?: string };
}

export interface RedisAddress {
  readonly target: RedisTarget;
  /** The address for messages, without user and password. */
  readonly shown: string;
}

const PORT = 6379;
const MOST_CHARACTERS = 2048;

/**
 * Reads `redis://[user:password@]host[:port][/database]`, the same with `rediss://` for TLS, or
 * `unix:///path/of/socket[?db=database]`.
 *
 * @throws QueueUrlError
 */
export function redisAddress(text: string): RedisAddress {
  const fault = (reason: string): QueueUrlError => new QueueUrlError(withoutPassword(text), reason);
  if (text.length > MOST_CHARACTERS) throw fault(`has more than ${MOST_CHARACTERS} characters`);
  if (!URL.canParse(text)) throw fault('is not a URL');
  const url = new URL(text);
  if (url.protocol === 'unix:') return socketAddress(url, fault);
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') {
    throw fault(`has the scheme ${url.protocol}`);
  }
  if (url.search !== '' || url.hash !== '') throw fault('has options after the database');
  const database = url.pathname.replace(/^\/|\/$/g, '');
  const host = url.hostname.replace(/^\[|\]$/g, '') || 'localhost';
  const port = url.port === '' ? PORT : Number(url.port);
  const db = databaseOf(database, fault);
  return {
    target: {
      host,
      port,
      ...credentials(url, fault),
      ...(db !== undefined && { db }),
      ...(url.protocol === 'rediss:' && { tls: { servername: host } }),
    },
    shown: `${url.protocol}//${url.hostname || 'localhost'}:${port}${db === undefined ? '' : `/${db}`}`,
  };
}

type Fault = (reason: string) => QueueUrlError;

function socketAddress(url: URL, fault: Fault): RedisAddress {
  const { db: text = '', ...others } = Object.fromEntries(url.searchParams);
  if (url.hostname !== '' || url.pathname.length < 2) throw fault('does not have an absolute path');
  if (Object.keys(others).length > 0) throw fault('has options other than db');
  const db = databaseOf(text, fault);
  const path = decoded(url.pathname, fault);
  return { target: { path, ...(db !== undefined && { db }) }, shown: `unix://${path}` };
}

function databaseOf(text: string, fault: Fault): number | undefined {
  if (text === '') return undefined;
  if (!/^\d{1,5}$/.test(text)) throw fault('has a database that is not a number');
  return Number(text);
}

function credentials({ username, password }: URL, fault: Fault): Partial<RedisTarget> {
  return {
    ...(username !== '' && { username: decoded(username, fault) }),
    ...(password !== '' && { password: decoded(password, fault) }),
  };
}

function decoded(text: string, fault: Fault): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw fault('has a "%" that is not followed by two hexadecimal digits');
  }
}

/** Also if it is not a URL, because it may be a mistyped one. */
function withoutPassword(text: string): string {
  return text.slice(0, 200).replace(/^([a-z+]*:?\/*)?.*@/is, '$1***@');
}
