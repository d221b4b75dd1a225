import { readFileSync } from 'node:fs';
import { multipart } from './multipart.js';
import type { Shot } from './http.js';
import { headersFor } from './sample-setup.js';
import type { Components, Schema } from './schema-values.js';

/** A format that an endpoint takes. */
export interface Content {
  readonly type: string;
  readonly schema: Schema;
  readonly example: unknown;
}

/** An operation of a sample's document that is posted to. */
export interface Endpoint {
  readonly sample: string;
  readonly port: number;
  readonly path: string;
  readonly contents: readonly Content[];
  /** Documented statuses. */
  readonly statuses: ReadonlySet<number>;
  /** That of a good request: 202 where it submits a job. */
  readonly success: 200 | 202;
  /** Media types of documented answers. */
  readonly answers: ReadonlySet<string>;
  /** What the sample wants of everybody, such as a key. */
  readonly headers: Shot['headers'];
  /** A request that is answered, in the same way each time. */
  readonly good: Shot;
}

/** An OpenAPI document, as far as it is read here. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, { readonly post?: unknown }>>;
  readonly components?: { readonly schemas?: unknown };
}

interface Operation {
  readonly requestBody?: {
    readonly content: Record<string, { schema?: Schema; example?: unknown }>;
  };
  readonly responses: Record<string, { readonly content?: Record<string, unknown> }>;
}

export function componentsOf({ components }: ApiDocument): Components {
  return (components?.schemas ?? {}) as Components;
}

/** The operations of a sample's document that are posted to. */
export function endpointsOf(name: string, port: number, { paths }: ApiDocument): Endpoint[] {
  return Object.entries(paths).flatMap(([path, { post }]) =>
    post ? [endpointOf({ name, port }, path, post as Operation)] : [],
  );
}

function endpointOf(
  { name, port }: { name: string; port: number },
  path: string,
  { requestBody, responses }: Operation,
): Endpoint {
  const contents = Object.entries(requestBody?.content ?? {}).map(([type, content]) => ({
    type,
    schema: content.schema ?? {},
    example: content.example,
  }));
  const successes = Object.entries(responses).filter(([status]) => status.startsWith('2'));
  const headers = headersFor(name);
  return {
    sample: name,
    port,
    path,
    contents,
    statuses: new Set(Object.keys(responses).map(Number)),
    success: '202' in responses ? 202 : 200,
    answers: new Set(successes.flatMap(([, { content }]) => Object.keys(content ?? {}))),
    headers,
    good: goodShot(path, contents, headers),
  };
}

const picture = (name: string): Uint8Array => readFileSync(`sample/04-vision/pictures/${name}.jpg`);

/** The example of the document, or a picture where pictures are wanted. */
function goodShot(path: string, contents: readonly Content[], headers: Shot['headers']): Shot {
  const [first] = contents;
  if (!first) throw new Error(`${path} takes nothing.`);
  const shot = (type: string, body: Uint8Array): Shot => ({
    method: 'POST',
    path,
    headers: [...headers, ['content-type', type]],
    body,
  });
  if (first.type.startsWith('image/')) return shot('image/jpeg', picture('circle'));
  if (first.type === 'multipart/form-data') {
    const parts = Object.entries(first.schema.properties ?? {}).map(([name, { format }]) =>
      format === 'binary'
        ? { name, type: 'image/jpeg', bytes: picture('cross') }
        : { name, type: 'text/plain', bytes: Buffer.from('a note') },
    );
    return shot(`${first.type}; boundary=good`, multipart(parts, 'good'));
  }
  const { type, example, schema } = contents.find((each) => each.example !== undefined) ?? first;
  if (example === undefined) throw new Error(`${path} has no example in its document.`);
  // Texts that are drawn are the same for the same seed.
  const seeded = /\/(?:Generate|Story)Dto$/.test(schema.$ref ?? '')
    ? { ...(example as object), nWords: 3, seed: 7 }
    : example;
  return shot(type, Buffer.from(typeof seeded === 'string' ? seeded : JSON.stringify(seeded)));
}
