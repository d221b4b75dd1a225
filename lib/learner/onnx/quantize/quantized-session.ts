import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { UnquantizableModelError } from '../errors.js';
import { externalFiles } from '../proto/external-files.js';
import { createSession, type SessionOptions } from '../session/create-session.js';
import { keptName, keptSession } from '../session/kept-model.js';
import type { OnnxSession } from '../session/onnx-session.js';
import { quantizeFile, type QuantizedFile } from './quantize-file.js';

/**
 * A session of an ONNX file with its weights in 8 bits; undefined if nothing in it can be
 * quantized.
 *
 * @param source Path of the file, or its bytes.
 * @param cache A folder that keeps the result for the next session.
 * @throws UnquantizableModelError for bytes with weights in other files.
 */
export async function openQuantizedFile(
  source: string | Uint8Array,
  cache: string | undefined,
  options: SessionOptions,
): Promise<OnnxSession | undefined> {
  if (typeof source !== 'string' && externalFiles(source)?.size)
    throw new UnquantizableModelError();
  const quantized = quantizeFile(source);
  return quantized && quantizedSession(quantized, cache, options);
}

/**
 * A session of a quantized model. The weights are computed once and cached in a folder for the next
 * session. The content of its sources is the key.
 */
export async function quantizedSession(
  model: QuantizedFile,
  cache: string | undefined,
  options: SessionOptions,
): Promise<OnnxSession> {
  if (cache === undefined) return createSession(model, options);
  const place = { folder: cache, name: keptName('int8', await digestOf(model.sources)) };
  return (await keptSession(place, () => ({ model, facts: null }), options)).session;
}

async function digestOf(sources: readonly (string | Uint8Array)[]): Promise<string> {
  const hash = createHash('sha256');
  for (const source of sources) {
    if (typeof source === 'string') await pipeline(createReadStream(source), hash, { end: false });
    else hash.update(source);
  }
  return hash.digest('hex');
}
