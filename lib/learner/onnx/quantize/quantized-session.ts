import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Graph } from '../graph.js';
import type { WritableModel } from '../proto/model-writer.js';
import { createSession, type SessionOptions } from '../session/create-session.js';
import { keptName, keptSession } from '../session/kept-model.js';
import type { OnnxSession } from '../session/onnx-session.js';

/**
 * A session of a quantized model, whose weights are computed once and kept in a folder for the next
 * session.
 *
 * @param sources The files or bytes that the model comes from; their content is the key, with the
 * graph.
 */
export async function quantizedSession(
  model: Graph | WritableModel,
  sources: readonly (string | Uint8Array)[],
  cache: string | undefined,
  options: SessionOptions,
): Promise<OnnxSession> {
  if (cache === undefined) return createSession(model, options);
  const place = { folder: cache, name: keptName('int8', await keyOf(model, sources)) };
  return (await keptSession(place, () => ({ model, facts: null }), options)).session;
}

async function keyOf(
  model: Graph | WritableModel,
  sources: readonly (string | Uint8Array)[],
): Promise<string> {
  const hash = createHash('sha256');
  for (const source of sources) {
    if (typeof source === 'string') await pipeline(createReadStream(source), hash, { end: false });
    else hash.update(source);
  }
  hash.update(JSON.stringify('write' in model ? 'file' : outline(model)));
  return hash.digest('hex');
}

/** All of a graph but its weights. */
function outline({ nodes, inputs, outputs, initializers }: Graph): unknown {
  const weights = initializers.map(({ name, data }) => [name, data.dtype, data.dims]);
  const operations = nodes.map(({ attributes, ...node }) => [node, [...attributes]]);
  return [inputs, outputs, operations, weights];
}
