import { CommandError } from '../../errors.js';
import { shown, type HttpRequest, type RemoteFile } from './remote-file.js';

const MAX_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** A server that is silent for this long counts as dead. */
const IDLE_MS = 60_000;

/** An answer whose body is still to come. */
export interface HttpAnswer {
  readonly response: Response;
  /** Its URL after redirects. */
  readonly url: URL;
  /** A header, from the first server on the way that sends it. */
  header(name: string): string | undefined;
  /** Pieces of the body. The wait for each piece is bounded. */
  body(): AsyncIterable<Uint8Array>;
  /** Ends the transfer; nothing more is read. */
  abort(): void;
}

/**
 * Requests a file and follows at most ten redirects. It follows them only to `http:` and `https:`,
 * and never from `https:` to `http:`. It does not send the authorization to another origin.
 *
 * @param onRedirect Called with each other host that a redirect leads to.
 * @throws CommandError if no server answers, or a redirect is refused.
 */
export async function request(
  file: Pick<RemoteFile, 'request' | 'retry'>,
  headers: Readonly<Record<string, string>>,
  onRedirect: (from: string, to: string) => void,
): Promise<HttpAnswer> {
  const seen: Headers[] = [];
  let { url, authorization }: HttpRequest = file.request;
  let retried = false;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), IDLE_MS);
    const answer = await fetch(url, {
      redirect: 'manual',
      signal: stop.signal,
      headers: {
        ...headers,
        // Sizes and digests must be those of the file, not of a compressed form.
        'accept-encoding': 'identity',
        'user-agent': 'nestjs-vts',
        ...(authorization === undefined ? {} : { authorization }),
      },
    }).catch((error: unknown) => unreachable(url, error));
    seen.push(answer.headers);
    const again = answer.ok || retried ? undefined : await file.retry?.(answer);
    const location = REDIRECTS.has(answer.status) ? answer.headers.get('location') : null;
    if (again === undefined && location === null) {
      return {
        response: answer,
        url,
        header: (name) =>
          seen.map((each) => each.get(name)).find((value) => value !== null) ?? undefined,
        body: () => pieces(answer, url, timer),
        abort: () => {
          clearTimeout(timer);
          stop.abort();
        },
      };
    }
    clearTimeout(timer);
    stop.abort();
    if (again !== undefined) {
      retried = true;
      ({ url, authorization } = again);
      continue;
    }
    const target = redirected(url, location!);
    if (target.host !== url.host) onRedirect(url.host, target.host);
    if (target.origin !== url.origin) authorization = undefined;
    url = target;
  }
  throw new CommandError(
    `${shown(file.request.url)} redirects more than ${MAX_REDIRECTS} times`,
    'Give the final address of the file',
  );
}

function redirected(from: URL, location: string): URL {
  const target = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  const scheme = target?.protocol;
  if (target && (scheme === 'https:' || (scheme === 'http:' && from.protocol === 'http:'))) {
    // A user name in the address of a redirect does not come from the caller.
    target.username = target.password = '';
    return target;
  }
  const to = target
    ? scheme === 'http:'
      ? shown(target)
      : `a "${scheme}" address`
    : 'an invalid address';
  throw new CommandError(
    `${shown(from)} redirects to ${to}, which is not followed`,
    'Give the final https: address of the file',
  );
}

async function* pieces(
  { body }: Response,
  url: URL,
  timer: NodeJS.Timeout,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of body ?? []) {
      timer.refresh();
      yield piece;
    }
  } catch (error) {
    unreachable(url, error);
  } finally {
    clearTimeout(timer);
  }
}

function unreachable(url: URL, error: unknown): never {
  if (error instanceof CommandError) throw error;
  const { name, message, cause } = error as Error & { cause?: { code?: string } };
  if (name === 'AbortError') {
    throw new UnreachableError(`${url.host} sent nothing for ${IDLE_MS / 1000} s`);
  }
  throw new UnreachableError(
    `${shown(url)} cannot be fetched (${cause?.code ?? (message || name)})`,
  );
}

/** No server answered, or it stopped in the middle. A cached file may be used. */
export class UnreachableError extends CommandError {
  constructor(fact: string) {
    super(fact, 'Check the address and the network, and try again');
  }
}
