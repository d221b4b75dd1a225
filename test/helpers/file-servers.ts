import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server on a port of its own, which remembers what it was asked. */
export class FileServer {
  readonly asked: { path: string; authorization: string | undefined }[] = [];
  readonly #server: Server;

  private constructor(listener: RequestListener) {
    this.#server = createServer((request, response) => {
      const path = decodeURIComponent(request.url!.replace(/\?.*$/, ''));
      this.asked.push({ path, authorization: request.headers.authorization });
      listener(request, response);
    });
  }

  static async start(listener: RequestListener): Promise<FileServer> {
    const server = new FileServer(listener);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export interface HubRepository {
  readonly token?: string;
  /** By revision: the commit, and its files. */
  readonly revisions: Record<string, { sha: string; files: Record<string, Buffer> }>;
}

/**
 * The Hugging Face Hub as its HTTP API answers: a list of files by revision, small files at once,
 * large ones by a redirect to another host with their digest in `x-linked-etag`.
 */
export function hub(
  repositories: Readonly<Record<string, HubRepository>>,
  content: () => string,
): RequestListener {
  return (request, response) => {
    const path = request.url!.replace(/\?.*$/, '').slice(1);
    const [, type = '', name = '', verb, revision = '', ...rest] =
      /^(?:api\/(?:models\/)?)?(spaces\/)?([^/]+\/[^/]+)\/(revision|resolve)\/([^/]+)(?:\/(.+))?$/.exec(
        path,
      ) ?? [];
    const repository = repositories[type + name];
    const found = repository?.revisions[decodeURIComponent(revision)];
    const token = repository?.token;
    if (
      !repository ||
      (token !== undefined && request.headers.authorization !== `Bearer ${token}`)
    ) {
      // It does not say whether a repository exists that one may not see.
      return answer(response, 401, { 'x-error-code': 'RepoNotFound' });
    }
    if (!found) return answer(response, 404, { 'x-error-code': 'RevisionNotFound' });
    if (verb === 'revision') {
      const siblings = Object.keys(found.files).map((rfilename) => ({ rfilename }));
      return answer(response, 200, {}, JSON.stringify({ id: name, sha: found.sha, siblings }));
    }
    const file = found.files[decodeURIComponent(rest.join('/'))];
    if (!file) return answer(response, 404, { 'x-error-code': 'EntryNotFound' });
    if (file.length < 1000) return answer(response, 200, { etag: '"git"' }, file);
    const sha256 = createHash('sha256').update(file).digest('hex');
    return answer(response, 302, {
      location: `${content()}/${sha256}?signature=x`,
      'x-repo-commit': found.sha,
      'x-linked-etag': `"${sha256}"`,
      'x-linked-size': file.length,
    });
  };
}

/** The Hub's store of large files, by their digests. */
export function contentStore(files: readonly Buffer[]): RequestListener {
  return (request, response) => {
    const digest = /^\/([0-9a-f]{64})\?signature=x$/.exec(request.url!)?.[1];
    const file = files.find((each) => createHash('sha256').update(each).digest('hex') === digest);
    return file ? answer(response, 200, {}, file) : answer(response, 403);
  };
}

/** A bucket of S3 that lets in whoever signs for its region with that key. */
export function bucket(
  objects: Readonly<Record<string, Buffer>>,
  { region, accessKey }: { region: string; accessKey: string },
): RequestListener {
  return (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url!, 'http://s3');
    const { 'X-Amz-Credential': credential = '', 'X-Amz-Signature': signature = '' } =
      Object.fromEntries(url.searchParams);
    const [key, , signedRegion] = credential.split('/');
    if (key !== accessKey || !/^[0-9a-f]{64}$/.test(signature)) return answer(response, 403);
    if (signedRegion !== region) return answer(response, 400, { 'x-amz-bucket-region': region });
    const file = objects[decodeURIComponent(url.pathname.slice(1))];
    return file ? answer(response, 200, { etag: '"object"' }, file) : answer(response, 404);
  };
}

function answer(
  response: ServerResponse,
  status: number,
  headers: Record<string, string | number> = {},
  body?: string | Buffer,
): void {
  response.writeHead(status, headers).end(body);
}
