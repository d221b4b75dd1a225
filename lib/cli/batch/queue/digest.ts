import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { filesOf, sizeOf, type PackedFile } from '../../../serving/store/archive/files-of.js';
import type { Model } from '../../../serving/store/index.js';
import { MODEL_YAML } from '../../../serving/store/model-yaml.js';

/** What tells models apart, wherever and whenever they were imported. */
export interface ModelIdentity {
  /** SHA-256 of files and options, in hexadecimal. */
  readonly digest: string;
  /** Bytes of its files. */
  readonly bytes: number;
}

/** The files that a model predicts with: its model.yaml has a time as well. */
async function contents(model: Model): Promise<PackedFile[]> {
  return (await filesOf(model.path)).filter(({ name }) => name !== MODEL_YAML);
}

export async function bytesOf(model: Model): Promise<number> {
  return sizeOf(await contents(model));
}

export async function identityOf(model: Model): Promise<ModelIdentity> {
  const files = await contents(model);
  const digests: [name: string, digest: string][] = [];
  for (const { name, path } of files) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    digests.push([name, hash.digest('hex')]);
  }
  const { module, options } = model.info;
  const facts = JSON.stringify([module, sorted(options), digests]);
  return { digest: createHash('sha256').update(facts).digest('hex'), bytes: sizeOf(files) };
}

/** Keys in order: they are written in any. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, each]) => [key, sorted(each)]);
}
