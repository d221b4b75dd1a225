import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { filesOf, sizeOf, type PackedFile } from '../../../serving/store/archive/files-of.js';
import type { Model } from '../../../serving/store/index.js';
import { MODEL_YAML } from '../../../serving/store/model-yaml.js';

/** A digest that identifies a model, wherever and whenever it was imported. */
export interface ModelIdentity {
  /** SHA-256 of files and options, in hexadecimal. */
  readonly digest: string;
  /** How many bytes its files have. */
  readonly bytes: number;
}

/**
 * The files that decide predictions. Its model.yaml does not belong to them, because it contains a
 * time.
 */
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

/** Sorts the keys, because they may be written in any order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, each]) => [key, sorted(each)]);
}
