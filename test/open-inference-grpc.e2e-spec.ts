import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InferenceClient } from '../lib/client/inference-client.js';
import { DATATYPES, type Datatype } from '../lib/client/protocol/datatypes.js';
import type { InferTensor, TensorMetadata } from '../lib/client/protocol/messages.js';
import { startVts, vts } from './helpers/vts.js';

const KEY = 'key-of-the-test';
const headers = { 'x-api-key': KEY };

let folder: string;
let served: ChildProcess;
let said = '';
let [http, grpc] = ['', ''];
const clients: InferenceClient[] = [];

/** The model of a sample, as a file of that name. */
async function link(name: string, sample: string, model: string): Promise<string> {
  const versions = resolve('sample', sample, 'models-home/models', model);
  const version = (await readdir(versions)).find((each) => each !== 'latest')!;
  const file = join(folder, `${name}.pkl`);
  await symlink(join(versions, version, 'saved_model.pkl'), file);
  return file;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-grpc-test-'));
  const files = [
    await link('sentiment', '01-fastai-sentiment', 'fastai_sentiment'),
    await link('income', '03-tabular', 'income'),
    await link('shapes', '04-vision', 'shapes'),
    await link('reviews_lm', '05-language-model', 'reviews_lm'),
    resolve('test/fixtures/pytorch/mlp.pt'),
  ];
  const where = ['--port', '0', '--grpc-port', '0', '--host', '127.0.0.1'];
  served = startVts(['serve', ...files, ...where, '--api-key', KEY, '--no-page']);
  [http, grpc] = await new Promise<[string, string]>((found, reject) => {
    const listen = (chunk: Buffer): void => {
      said += chunk.toString();
      const [, metrics, port] = /metrics (http\S+)\/metrics, gRPC (grpc\S+)\n/.exec(said) ?? [];
      if (metrics !== undefined && port !== undefined) found([metrics, port]);
    };
    served.stdout?.on('data', listen);
    served.stderr?.on('data', listen);
    served.once('exit', (code) => reject(new Error(`${code}: ${said}`)));
  });
});

afterAll(async () => {
  for (const client of clients) await client.close();
  if (served.exitCode === null) served.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

function connect(url: string, options: ConstructorParameters<typeof InferenceClient>[1] = {}) {
  const client = new InferenceClient(url, { headers, ...options });
  clients.push(client);
  return client;
}

/** One item for an input that a model describes. */
async function itemOf(input: TensorMetadata): Promise<InferTensor> {
  const { name, datatype } = input;
  const shape = input.shape.map((size) => (size === -1 ? 1 : size));
  const count = shape.reduce((product, size) => product * size, 1);
  if (datatype === 'BYTES') {
    const image = name === 'image';
    const value = image ? await picture() : 'Never-married';
    return { name, datatype, shape, data: Array.from({ length: count }, () => value) };
  }
  const { array } = DATATYPES[datatype as Exclude<Datatype, 'BYTES'>];
  const data = new array(new ArrayBuffer(count * DATATYPES[datatype].size!));
  for (let at = 0; at < count; at++) {
    data[at] = (data instanceof BigInt64Array ? BigInt(at + 2) : at + 0.25) as never;
  }
  return { name, datatype, shape, data };
}

async function picture(): Promise<Uint8Array> {
  const background = { r: 200, g: 40, b: 90 };
  return sharp({ create: { width: 48, height: 40, channels: 3, background } })
    .png()
    .toBuffer();
}

/** Outputs without what differs by the carrier alone: texts of BYTES come as bytes or strings. */
const plain = (outputs: readonly InferTensor[]) =>
  outputs.map(({ name, datatype, shape, data }) => {
    const values = ArrayBuffer.isView(data)
      ? Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')
      : data.map((each) => (typeof each === 'string' ? each : Buffer.from(each).toString()));
    return { name, datatype, shape, values };
  });

describe('vts serve --grpc-port', () => {
  it.each(['sentiment', 'income', 'shapes', 'mlp'])(
    'gives of %s the same bits over gRPC, REST as JSON and REST as bytes',
    async (model) => {
      const over = connect(grpc);
      const { inputs } = await over.modelMetadata(model);
      const tensors = await Promise.all(inputs.map(itemOf));
      const { outputs } = await over.infer(model, tensors);
      expect(outputs.length).toBeGreaterThan(0);
      // No text is the bytes of a picture, so JSON carries none.
      for (const binary of model === 'shapes' ? [true] : [false, true]) {
        const rest = await connect(http, { binary }).infer(model, tensors);
        expect(plain(rest.outputs)).toEqual(plain(outputs));
      }
    },
  );

  it('continues texts piece by piece, as over REST', async () => {
    const parameters = { n_words: 5, seed: 3 };
    const pieces = async (url: string): Promise<string[]> => {
      const all: string[] = [];
      const stream = connect(url).generateStream('reviews_lm', 'I liked', { parameters });
      for await (const { text } of stream) all.push(text);
      return all;
    };
    const over = await pieces(grpc);
    expect(over.length).toBeGreaterThan(1);
    expect(over).toEqual(await pieces(http));
  });

  it('asks for the key, and not to see whether it lives', async () => {
    const stranger = connect(grpc, { headers: {} });
    expect(await stranger.serverLive()).toBe(true);
    expect(await stranger.serverReady()).toBe(true);
    await expect(stranger.serverMetadata()).rejects.toMatchObject({ status: 'UNAUTHENTICATED' });
    const bearer = connect(grpc, { headers: { authorization: `Bearer ${KEY}` } });
    expect(await bearer.serverMetadata()).toMatchObject({ name: 'nestjs-vts' });
  });

  it('counts and logs calls in addition to requests', async () => {
    await connect(grpc).modelReady('mlp');
    const metrics = await (await fetch(`${http}/metrics`, { headers })).text();
    expect(metrics).toMatch(
      /vts_grpc_requests_total\{method="inference.GRPCInferenceService\/ModelReady",status="OK"\} \d/,
    );
    const line =
      /\[VtsAccess\] 127\.0\.0\.1 POST \/inference\.GRPCInferenceService\/ModelReady 200 OK [\d.]+ ms in=\d+ out=\d+ request=/;
    await expect.poll(() => said).toMatch(line);
  });

  it('says which port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const file = resolve('test/fixtures/pytorch/mlp.pt');
    const where = ['--port', '0', '--host', '127.0.0.1', '--grpc-port', String(port)];
    const { code, stderr } = await vts(['serve', file, ...where]);
    other.close();
    expect(code).toBe(1);
    expect(stderr).toContain(
      `Cannot listen on 127.0.0.1:${port} for gRPC (EADDRINUSE). Choose another --grpc-port`,
    );
  });

  it('ends in good order', async () => {
    const exited = once(served, 'exit');
    served.kill('SIGTERM');
    expect((await exited)[0]).toBe(0);
  });
});
