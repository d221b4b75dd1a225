import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { FileServer } from './file-servers.js';

interface Stored {
  readonly body: Buffer;
  readonly etag: string;
}

/** What happens to a request in place of what it asks for. */
export type Fault =
  | { readonly status: number; readonly body?: string; readonly headers?: Record<string, string> }
  /** The connection ends after so many bytes of the object. */
  | { readonly cutAfter: number };

/** S3 as its HTTP API answers, with addresses of the form `/bucket/key`: objects, lists and uploads. */
export class S3Server {
  readonly objects = new Map<string, Stored>();
  readonly buckets = new Set<string>();
  readonly uploads = new Map<string, Map<number, Stored>>();
  /** `GET /bucket/key?query` */
  readonly asked: string[] = [];
  pageSize = 1000;
  fault: (method: string, path: string, count: number) => Fault | undefined = () => undefined;
  #server: FileServer | undefined;

  static async start(...buckets: string[]): Promise<S3Server> {
    const server = new S3Server();
    for (const bucket of buckets) server.buckets.add(bucket);
    server.#server = await FileServer.start((request, response) => {
      void server.#answer(request, response).catch(() => response.destroy());
    });
    return server;
  }

  get env(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: this.#server!.url,
      AWS_ENDPOINT_URL_S3: '',
      AWS_ACCESS_KEY_ID: 'AKID',
      AWS_SECRET_ACCESS_KEY: 'SECRET',
      AWS_SESSION_TOKEN: '',
      AWS_REGION: 'us-east-1',
    };
  }

  put(address: string, body: Buffer | string): void {
    const bytes = Buffer.from(body as string);
    this.objects.set(address.replace('s3://', ''), { body: bytes, etag: md5(bytes) });
  }

  get(address: string): Buffer | undefined {
    return this.objects.get(address.replace('s3://', ''))?.body;
  }

  close(): Promise<void> {
    return this.#server!.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', headers } = request;
    const url = new URL(request.url!, 'http://s3');
    const path = decodeURIComponent(url.pathname.slice(1));
    const { searchParams: query } = url;
    this.asked.push(`${method} ${path}${url.search}`);
    const body = await buffer(request);
    const count = this.asked.filter((each) => each.startsWith(`${method} ${path}`)).length;
    const fault = this.fault(method, path, count);
    if (fault && 'status' in fault) {
      response.writeHead(fault.status, fault.headers).end(fault.body);
      return;
    }
    if (headers.authorization?.startsWith('AWS4-HMAC-SHA256 Credential=AKID/') !== true) {
      return refuse(response, 403, 'AccessDenied');
    }
    const digest = createHash('sha256').update(body).digest('hex');
    if (headers['x-amz-content-sha256'] !== digest) {
      return refuse(response, 400, 'XAmzContentSHA256Mismatch');
    }
    const [bucket = ''] = path.split('/', 1);
    const key = path.slice(bucket.length + 1);
    if (!this.buckets.has(bucket)) return refuse(response, 404, 'NoSuchBucket');
    if (key === '') {
      if (method === 'HEAD') return void response.writeHead(200).end();
      return this.#list(bucket, query, response);
    }
    if (method === 'PUT' || method === 'POST') {
      return query.has('uploads') || query.has('uploadId')
        ? this.#upload(path, query, body, response)
        : this.#store(path, body, response);
    }
    if (method === 'DELETE') {
      const id = query.get('uploadId');
      if (id === null) this.objects.delete(path);
      else if (!this.uploads.delete(id)) return refuse(response, 404, 'NoSuchUpload');
      return void response.writeHead(204).end();
    }
    return this.#read(path, method, headers, fault?.cutAfter, response);
  }

  #read(
    path: string,
    method: string,
    headers: IncomingMessage['headers'],
    cutAfter: number | undefined,
    response: ServerResponse,
  ): void {
    const found = this.objects.get(path);
    if (!found) return refuse(response, 404, 'NoSuchKey');
    const { body, etag } = found;
    if (![undefined, `"${etag}"`].includes(headers['if-match'])) {
      return refuse(response, 412, 'PreconditionFailed');
    }
    const range = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '');
    const from = Number(range?.[1] ?? 0);
    const to = Math.min(body.length, range?.[2] ? Number(range[2]) + 1 : Infinity);
    if (range && from >= body.length) return refuse(response, 416, 'InvalidRange');
    response.writeHead(range ? 206 : 200, {
      etag: `"${etag}"`,
      'content-length': to - from,
      ...(range && { 'content-range': `bytes ${from}-${to - 1}/${body.length}` }),
    });
    if (method === 'HEAD') response.end();
    else if (cutAfter === undefined) response.end(body.subarray(from, to));
    else
      response.write(body.subarray(from, Math.min(to, from + cutAfter)), () => response.destroy());
  }

  #store(path: string, body: Buffer, response: ServerResponse): void {
    this.put(path, body);
    response.writeHead(200, { etag: `"${md5(body)}"` }).end();
  }

  #upload(path: string, query: URLSearchParams, body: Buffer, response: ServerResponse): void {
    if (query.has('uploads')) {
      const id = randomUUID();
      this.uploads.set(id, new Map());
      response.end(
        `<?xml version="1.0" encoding="UTF-8"?>\n<InitiateMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
      );
      return;
    }
    const id = query.get('uploadId')!;
    const parts = this.uploads.get(id);
    if (!parts) return refuse(response, 404, 'NoSuchUpload');
    const number = query.get('partNumber');
    if (number !== null) {
      parts.set(Number(number), { body, etag: md5(body) });
      response.writeHead(200, { etag: `"${md5(body)}"` }).end();
      return;
    }
    const named = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>"(\w+)"/g)];
    const taken = named.map(([, at, etag]) => {
      const part = parts.get(Number(at));
      return part?.etag === etag ? part!.body : undefined;
    });
    // Parts but the last have 5 MiB at least.
    const isRight = taken.every(
      (each, at) => each && (at === taken.length - 1 || each.length >= 5 * 2 ** 20),
    );
    if (taken.length === 0 || !isRight) return refuse(response, 400, 'InvalidPart');
    const whole = Buffer.concat(taken as Buffer[]);
    this.objects.set(path, { body: whole, etag: `${md5(whole)}-${taken.length}` });
    this.uploads.delete(id);
    response.end('<CompleteMultipartUploadResult><ETag>"x"</ETag></CompleteMultipartUploadResult>');
  }

  #list(bucket: string, query: URLSearchParams, response: ServerResponse): void {
    const after = query.get('continuation-token') ?? '';
    const all = [...this.objects]
      .map(([path, stored]) => ({ key: path.slice(bucket.length + 1), path, ...stored }))
      .filter(
        ({ key, path }) =>
          path.startsWith(`${bucket}/`) && key.startsWith(query.get('prefix') ?? ''),
      )
      .toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
      .filter(({ key }) => Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0);
    const page = all.slice(0, this.pageSize);
    const next = all.length > page.length ? page.at(-1)!.key : undefined;
    const contents = page.map(
      ({ key, body, etag }) =>
        `<Contents><Key>${encodeURIComponent(key).replaceAll('%20', '+')}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;${etag}&quot;</ETag><Size>${body.length}</Size></Contents>`,
    );
    const more =
      next === undefined ? '' : `<NextContinuationToken>${escaped(next)}</NextContinuationToken>`;
    response.end(
      `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EncodingType>url</EncodingType><IsTruncated>${next !== undefined}</IsTruncated>${contents.join('')}${more}</ListBucketResult>`,
    );
  }
}

function md5(body: Buffer): string {
  return createHash('md5').update(body).digest('hex');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status).end(`<Error><Code>${code}</Code><Message>No.</Message></Error>`);
}
