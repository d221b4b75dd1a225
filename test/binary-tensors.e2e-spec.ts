import { readFileSync } from 'node:fs';
import { Controller, type INestApplication } from '@nestjs/common';
import { NumpyNdarray, VtsApi, VtsModule, type Tensor } from 'nestjs-vts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpClient } from './helpers/http-client.js';
import { startApp } from './helpers/testing-app.js';

const NPY = 'application/x-npy';
const RAW = 'application/octet-stream';

@Controller()
class TensorController {
  @VtsApi({
    input: new NumpyNdarray({ dtype: 'float32', shape: [-1, 3], maxBytes: 1000 }),
    output: NumpyNdarray,
  })
  same(tensor: Tensor): Tensor {
    return tensor;
  }

  @VtsApi({ input: NumpyNdarray, output: new NumpyNdarray({ dtype: 'string' }) })
  words(_tensor: Tensor): string[] {
    return ['a', 'b'];
  }
}

describe('Tensors as bytes', () => {
  let app: INestApplication;
  let client: HttpClient;
  let url: string;

  beforeAll(async () => {
    app = await startApp({ imports: [VtsModule.forRoot({})], controllers: [TensorController] });
    client = await HttpClient.of(app);
    url = await app.getUrl();
  });

  afterAll(() => app.close());

  const file = (name: string): Uint8Array =>
    readFileSync(new URL(`fixtures/npy/${name}.npy`, import.meta.url));

  it.each(['little_f4', 'big_i8', 'columns_big', 'version3'])('reads %s.npy', async (name) => {
    const { status, json } = await client.post('/same', NPY, file(name));

    expect(status).toBe(200);
    expect(json).toHaveLength(2);
  });

  it('returns what it was sent, bit for bit', async () => {
    const bytes = Buffer.from(Float32Array.of(0.1, 1e-40, -0, 3e38, 5, 6).buffer);
    const headers = { 'content-type': RAW, accept: RAW };
    const response = await fetch(`${url}/same`, { method: 'POST', body: bytes, headers });

    expect(response.headers.get('content-type')).toBe(RAW);
    expect(response.headers.get('content-length')).toBe('24');
    expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
  });

  it('answers with a file of numpy', async () => {
    const { type, text } = await client.post('/same', 'application/json', '[[1,2,3]]', {
      accept: `${NPY}, application/json;q=0.5`,
    });

    expect(type).toBe(NPY);
    expect(text).toContain("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }");
  });

  it.each<[number, string, string, Uint8Array, Record<string, string>?]>([
    [400, '/same', NPY, Buffer.from('[[1,2,3]]')],
    [400, '/same', NPY, file('refused_objects')],
    [400, '/same', RAW, Buffer.alloc(10)],
    [413, '/same', RAW, Buffer.alloc(1004)],
    [415, '/words', RAW, Buffer.alloc(4)],
    [415, '/same', 'application/x-hdf5', Buffer.alloc(4)],
    [406, '/words', 'application/json', Buffer.from('[1]'), { accept: RAW }],
  ])('refuses with %i at %s: %s', async (status, path, type, body, headers) => {
    const answer = await client.post(path, type, body, headers);

    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ statusCode: status });
  });
});
