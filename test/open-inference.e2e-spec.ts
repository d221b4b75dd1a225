import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Injectable, type INestApplication } from '@nestjs/common';
import {
  getRunnerToken,
  ModelStore,
  Runner,
  Tensor,
  VtsModule,
  type FastaiRunner,
  type PytorchRunner,
} from 'nestjs-vts';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InferResponse, InferTensor } from '../lib/client/protocol/messages.js';
import { inferRequestBody, readInferResponse } from '../lib/client/protocol/rest-messages.js';
import { HttpClient } from './helpers/http-client.js';
import { fixture, saveKinds } from './helpers/served-kinds.js';
import { startApp } from './helpers/testing-app.js';

@Injectable()
class Injecting {
  constructor(
    @Runner('text') readonly text: unknown,
    @Runner('picture') readonly picture: unknown,
    @Runner('rows') readonly rows: unknown,
    @Runner('layer') readonly layer: unknown,
  ) {}
}

let home: string;
let app: INestApplication;
let http: HttpClient;
let url: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vts-oip-'));
  await saveKinds(new ModelStore(home), ['text', 'picture', 'rows', 'layer']);
  app = await startApp({
    imports: [VtsModule.forRoot({ home, openInference: true })],
    providers: [Injecting],
  });
  http = await HttpClient.of(app);
  url = (await app.getUrl()).replace('[::1]', 'localhost');
});

afterAll(async () => {
  await app?.close();
  await rm(home, { recursive: true, force: true });
});

async function infer(
  model: string,
  inputs: InferTensor[],
  binary: boolean,
): Promise<InferResponse> {
  const { chunks, headerLength } = inferRequestBody(
    { modelName: model, modelVersion: '', inputs },
    binary,
  );
  const response = await fetch(`${url}/v2/models/${model}/infer`, {
    method: 'POST',
    body: Buffer.concat(chunks),
    headers:
      headerLength === undefined ? {} : { 'inference-header-content-length': String(headerLength) },
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  expect([response.status, response.ok ? '' : Buffer.from(bytes).toString()]).toEqual([200, '']);
  const header = response.headers.get('inference-header-content-length') ?? undefined;
  return readInferResponse(bytes, header);
}

function cell(name: string, value: unknown): InferTensor {
  if (typeof value === 'string') return { name, datatype: 'BYTES', shape: [1], data: [value] };
  if (typeof value === 'boolean') {
    return { name, datatype: 'BOOL', shape: [1], data: Uint8Array.of(Number(value)) };
  }
  return { name, datatype: 'FP64', shape: [1], data: Float64Array.of(value as number) };
}

describe('The protocol over runners in workers', () => {
  const photo = sharp({ create: { width: 40, height: 30, channels: 3, background: '#c04020' } })
    .png()
    .toBuffer();
  const ITEMS: Record<string, () => Promise<{ item: unknown; inputs: InferTensor[] }>> = {
    text: async () => {
      const item = 'I really liked that movie!';
      return { item, inputs: [{ name: 'text', datatype: 'BYTES', shape: [1], data: [item] }] };
    },
    picture: async () => {
      const item = await photo;
      return { item, inputs: [{ name: 'image', datatype: 'BYTES', shape: [1], data: [item] }] };
    },
    rows: async () => {
      const { cases } = JSON.parse(fixture('tabular/typed.json').toString()) as {
        cases: { input: Record<string, unknown> }[];
      };
      const { inputs } = (await http.get('/v2/models/rows')).json as { inputs: { name: string }[] };
      const { input: item } = cases[0]!;
      return { item, inputs: inputs.map(({ name }) => cell(name, item[name])) };
    },
  };

  it.each(Object.keys(ITEMS))('returns the runner’s numbers: %s', async (name) => {
    const { item, inputs } = await ITEMS[name]!();
    const runner = app.get<FastaiRunner<unknown>>(getRunnerToken(name));
    const [decoded, target, probabilities] = await runner.predict.run(item as never);
    for (const binary of [false, true]) {
      // A picture is base64 in JSON, and nothing writes that but a client.
      if (!binary && name === 'picture') continue;
      const { outputs, modelVersion } = await infer(name, inputs, binary);
      expect(runner.tag).toBe(`${name}:${modelVersion}`);
      const of = (output: string) => outputs.find((each) => each.name === output)!;
      expect([...(of('probabilities').data as Float32Array)]).toEqual([
        ...((probabilities as Tensor).data as Float32Array),
      ]);
      expect([...(of('target').data as BigInt64Array)].map(Number)).toEqual(
        [...((target as Tensor).data as BigInt64Array)].map(Number),
      );
      if (name === 'rows') continue;
      const [text] = of('decoded').data as readonly (string | Uint8Array)[];
      expect(typeof text === 'string' ? text : Buffer.from(text!).toString()).toBe(decoded);
    }
  });

  it('returns the tensors of a layer', async () => {
    const runner = app.get<PytorchRunner>(getRunnerToken('layer'));
    const { json } = await http.get('/v2/models/layer');
    const [{ name, shape }] = (json as { inputs: [{ name: string; shape: number[] }] }).inputs;
    const width = shape[1]!;
    const data = Float32Array.from({ length: 4 * width }, (_, at) => Math.cos(at) * 2);
    const local = (await runner.run(new Tensor('float32', data, [4, width]) as never)) as Tensor;
    for (const binary of [false, true]) {
      const inputs = [{ name, datatype: 'FP32' as const, shape: [4, width], data }];
      const { outputs } = await infer('layer', inputs, binary);
      expect(outputs[0]!.shape).toEqual(local.dims);
      expect(outputs[0]!.data).toEqual(local.data);
    }
  });

  it('is ready with them, and counts what it ran', async () => {
    expect((await http.get('/v2/health/ready')).json).toEqual({ ready: true });
    const { json } = await http.get('/v2/models/text/stats');
    const [{ inference_stats: counted }] = (
      json as { model_stats: [{ inference_stats: Record<string, { count: number; ns: number }> }] }
    ).model_stats;
    expect(counted['success']!.count).toBe(2);
    expect(counted['compute_infer']!.ns).toBeGreaterThan(0);
  });
});
