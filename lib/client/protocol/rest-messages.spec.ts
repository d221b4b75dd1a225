import { describe, expect, it } from 'vitest';
import { writeRaw } from './binary.js';
import { DATATYPES, type Datatype, type TensorData } from './datatypes.js';
import { InferenceMessageError } from './errors.js';
import type { InferTensor } from './messages.js';
import {
  inferRequestBody,
  inferResponseBody,
  readInferRequest,
  readInferResponse,
  type RestBody,
} from './rest-messages.js';

const MODEL = { modelName: 'm', modelVersion: '' };

/** Numbers that each type has, its ends among them. */
const DATA: Record<Datatype, TensorData> = {
  BOOL: Uint8Array.of(0, 1, 1),
  UINT8: Uint8Array.of(0, 255, 7),
  UINT16: Uint16Array.of(0, 65_535, 7),
  UINT32: Uint32Array.of(0, 4_294_967_295, 7),
  UINT64: BigUint64Array.of(0n, 9_007_199_254_740_991n, 7n),
  INT8: Int8Array.of(-128, 127, 0),
  INT16: Int16Array.of(-32_768, 32_767, 0),
  INT32: Int32Array.of(-2_147_483_648, 2_147_483_647, 0),
  INT64: BigInt64Array.of(-9_007_199_254_740_991n, 9_007_199_254_740_991n, 0n),
  FP16: Uint16Array.of(0x3c00, 0x7bff, 0xfc00),
  FP32: Float32Array.of(0.1, -3.4e38, 1e-45),
  FP64: Float64Array.of(0.1, -1.7e308, 5e-324),
  BYTES: ['', 'é\0"', '🙂'],
};
const TYPES = Object.keys(DATATYPES) as Datatype[];

const tensor = (datatype: Datatype): InferTensor => ({
  name: datatype,
  datatype,
  shape: [3, 1],
  data: DATA[datatype],
});

const whole = ({ chunks }: RestBody): Uint8Array => Buffer.concat(chunks);
const lengthOf = ({ headerLength }: RestBody): string | undefined => headerLength?.toString();
const texts = (data: TensorData): unknown =>
  ArrayBuffer.isView(data)
    ? data
    : (data as (string | Uint8Array)[]).map((text) => Buffer.from(text as string).toString());

const request = (json: unknown, binary: Uint8Array = new Uint8Array(), header?: string) => {
  const text = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json));
  const length = header ?? (binary.length > 0 ? String(text.length) : undefined);
  return readInferRequest(Buffer.concat([text, binary]), length, MODEL);
};
const one = (more: object, shape: unknown = [2], datatype: unknown = 'FP32') => ({
  inputs: [{ name: 'x', shape, datatype, ...more }],
});

describe('A request', () => {
  it.each(TYPES)('carries %s as binary data, and the answer too', (datatype) => {
    const inputs = [tensor(datatype), { ...tensor('FP32'), name: 'behind' }];
    const body = inferRequestBody({ ...MODEL, id: 'a', inputs, outputs: [{ name: 'y' }] }, true);
    const read = readInferRequest(whole(body), lengthOf(body), MODEL);
    expect(read).toMatchObject({ id: 'a', outputs: [{ name: 'y' }] });
    expect(read.parameters).toEqual({ binary_data_output: true });
    expect(read.inputs.map(({ data }) => texts(data))).toEqual(
      inputs.map(({ data }) => texts(data)),
    );
    const answer = inferResponseBody({ ...MODEL, id: 'a', outputs: inputs }, read);
    const got = readInferResponse(whole(answer), lengthOf(answer));
    expect(got.outputs.map(({ data }) => texts(data))).toEqual(
      inputs.map(({ data }) => texts(data)),
    );
    expect(got).toMatchObject({ id: 'a', modelName: 'm' });
  });

  it.each(TYPES.filter((datatype) => datatype !== 'FP16'))('carries %s as JSON', (datatype) => {
    const body = inferRequestBody({ ...MODEL, inputs: [tensor(datatype)] }, false);
    expect(body.headerLength).toBeUndefined();
    const read = readInferRequest(whole(body), undefined, MODEL);
    expect(texts(read.inputs[0]!.data)).toEqual(texts(DATA[datatype]));
    const answer = inferResponseBody({ ...MODEL, outputs: read.inputs }, read);
    expect(texts(readInferResponse(whole(answer), undefined).outputs[0]!.data)).toEqual(
      texts(DATA[datatype]),
    );
  });

  it('keeps whole numbers of JSON exact, and writes all digits of 64-bit integers', () => {
    const large = BigInt64Array.of(2n ** 63n - 1n);
    const outputs = [{ name: 'y', datatype: 'INT64' as const, shape: [1], data: large }];
    const text = Buffer.from(whole(inferResponseBody({ ...MODEL, outputs }, {}))).toString();
    expect(text).toContain('"data":[9223372036854775807]');
    expect(() => request(text.replace('outputs', 'inputs'))).toThrow('JSON carries exactly');
  });

  it('has data nested or flat, and chosen outputs as binary data', () => {
    for (const data of [
      [1, 2, 3, 4],
      [
        [1, 2],
        [3, 4],
      ],
      [
        [[1], [2]],
        [[3], [4]],
      ],
    ]) {
      const read = request(one({ data }, [2, 2]));
      expect(read.inputs[0]!.data).toEqual(Float32Array.of(1, 2, 3, 4));
    }
    const outputs = [
      { name: 'a', datatype: 'FP32', shape: [1], data: Float32Array.of(1) },
      { name: 'b', datatype: 'FP32', shape: [1], data: Float32Array.of(2) },
    ] as const;
    const asked = { outputs: [{ name: 'a' }, { name: 'b', parameters: { binary_data: true } }] };
    const body = inferResponseBody({ ...MODEL, outputs }, asked);
    expect(body.chunks).toHaveLength(2);
    expect([...body.chunks[1]!]).toEqual([...writeRaw('FP32', Float32Array.of(2))]);
    expect(readInferResponse(whole(body), lengthOf(body)).outputs).toMatchObject(outputs);
  });

  it('reads texts as base64 if content_type says so', () => {
    const read = request(
      one({ data: ['/+8='], parameters: { content_type: 'base64' } }, [1], 'BYTES'),
    );
    expect(read.inputs[0]!.data).toEqual([Uint8Array.of(0xff, 0xef)]);
  });
});

const deep = (depth: number): string => '['.repeat(depth) + '1' + ']'.repeat(depth);
const raw = (size: unknown, more = {}) => one({ parameters: { binary_data_size: size }, ...more });

const REFUSED: readonly [string, () => unknown, string][] = [
  ['text that is not JSON', () => request('{'), 'not valid JSON'],
  [
    'bytes that are not UTF-8',
    () => readInferRequest(Uint8Array.of(0xff), undefined, MODEL),
    'JSON',
  ],
  ['an empty body', () => request(''), 'not valid JSON'],
  ['a list', () => request([]), 'not an object'],
  ['no inputs', () => request({}), '"inputs" is not a list'],
  ['inputs that are an object', () => request({ inputs: {} }), '"inputs" is not a list'],
  ['an input that is a number', () => request({ inputs: [1] }), 'not an object'],
  ['an input without a name', () => request({ inputs: [{ shape: [1] }] }), 'has no name'],
  ['an unknown datatype', () => request(one({ data: [1, 2] }, [2], 'FP8')), '"FP8"'],
  ['a datatype of a prototype', () => request(one({ data: [] }, [0], 'toString')), '"toString"'],
  ['no shape', () => request({ inputs: [{ name: 'x', datatype: 'FP32' }] }), 'has no shape'],
  ['a size below 0', () => request(one({ data: [1] }, [-1])), 'the size -1'],
  ['a size that is not whole', () => request(one({ data: [1] }, [1.5])), 'the size 1.5'],
  ['a size that is a text', () => request(one({ data: [1] }, ['2'])), 'the size 2'],
  [
    'sizes that overflow',
    () => request(one({ data: [1] }, [2 ** 40, 2 ** 40])),
    'too many elements',
  ],
  ['33 dimensions', () => request(one({ data: [1] }, Array(33).fill(1))), '33 dimensions'],
  [
    'too few elements',
    () => request(one({ data: [1] })),
    'has 1 elements, but its shape requires 2',
  ],
  ['too many elements', () => request(one({ data: [1, 2, 3] })), 'more than 2'],
  ['a shape of billions', () => request(one({ data: [] }, [2 ** 40])), 'elements'],
  ['no data', () => request(one({})), 'not a list'],
  [
    'data nested 101 deep',
    () => request(`{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":${deep(101)}}]}`),
    'more than 100 levels deep',
  ],
  [
    'data nested 100,000 deep',
    () =>
      request(`{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":${deep(100_000)}}]}`),
    'deep',
  ],
  ['a text among numbers', () => request(one({ data: [1, 'a'] })), 'Element 1'],
  ['null among numbers', () => request(one({ data: [1, null] })), 'is null'],
  ['a fraction among whole numbers', () => request(one({ data: [1, 1.5] }, [2], 'INT32')), '1.5'],
  ['256 as UINT8', () => request(one({ data: [1, 256] }, [2], 'UINT8')), 'UINT8'],
  ['-1 as UINT64', () => request(one({ data: [1, -1] }, [2], 'UINT64')), 'UINT64'],
  ['2 as BOOL', () => request(one({ data: [1, 2] }, [2], 'BOOL')), 'true or false'],
  ['FP16 in JSON', () => request(one({ data: [1, 2] }, [2], 'FP16')), 'FP16'],
  ['a number as BYTES', () => request(one({ data: ['a', 1] }, [2], 'BYTES')), 'a string'],
  [
    'bad base64',
    () => request(one({ data: ['%', ''], parameters: { content_type: 'base64' } }, [2], 'BYTES')),
    'base64',
  ],
  ['both data and bytes', () => request(raw(8, { data: [1, 2] }), new Uint8Array(8)), 'both'],
  ['bytes that are not there', () => request(raw(8)), '0 are left'],
  ['too few bytes', () => request(raw(4), new Uint8Array(4)), 'take 8'],
  ['more bytes than tensors', () => request(raw(8), new Uint8Array(12)), '4 bytes'],
  ['a size of bytes below 0', () => request(raw(-8), new Uint8Array(8)), '-8'],
  [
    'a size of bytes that is a text',
    () => request(raw('8'), new Uint8Array(8)),
    'binary_data_size',
  ],
  [
    '2 as a byte of BOOL',
    () =>
      request(
        {
          inputs: [
            { name: 'x', shape: [1], datatype: 'BOOL', parameters: { binary_data_size: 1 } },
          ],
        },
        Uint8Array.of(2),
      ),
    'not a BOOL',
  ],
  [
    'texts that go beyond their bytes',
    () =>
      request(
        {
          inputs: [
            { name: 'x', shape: [1], datatype: 'BYTES', parameters: { binary_data_size: 5 } },
          ],
        },
        Uint8Array.of(9, 0, 0, 0, 1),
      ),
    'beyond',
  ],
  [
    'a text too many',
    () =>
      request(
        {
          inputs: [
            { name: 'x', shape: [1], datatype: 'BYTES', parameters: { binary_data_size: 8 } },
          ],
        },
        new Uint8Array(8),
      ),
    'end at 4',
  ],
  [
    'a text too few',
    () =>
      request(
        {
          inputs: [
            { name: 'x', shape: [2], datatype: 'BYTES', parameters: { binary_data_size: 4 } },
          ],
        },
        new Uint8Array(4),
      ),
    'hold 1 of 2',
  ],
  [
    'a header beyond the body',
    () => request(one({ data: [1, 2] }), new Uint8Array(), '9999'),
    '9999',
  ],
  ['a header below 0', () => request(one({ data: [1, 2] }), new Uint8Array(), '-1'), '"-1"'],
  ['a header of letters', () => request(one({ data: [1, 2] }), new Uint8Array(), '1e2'), '"1e2"'],
  [
    'an input twice',
    () => request({ inputs: [...one({ data: [1, 2] }).inputs, ...one({ data: [1, 2] }).inputs] }),
    'twice',
  ],
  [
    'an output twice',
    () => request({ ...one({ data: [1, 2] }), outputs: [{ name: 'y' }, { name: 'y' }] }),
    'twice',
  ],
  [
    'outputs that are a text',
    () => request({ ...one({ data: [1, 2] }), outputs: 'y' }),
    '"outputs"',
  ],
  ['an id that is a number', () => request({ ...one({ data: [1, 2] }), id: 1 }), '"id"'],
  [
    'parameters in a list',
    () => request({ ...one({ data: [1, 2] }), parameters: [1] }),
    'not an object',
  ],
  [
    'parameters within parameters',
    () => request({ ...one({ data: [1, 2] }), parameters: { a: {} } }),
    'an unsupported value',
  ],
  [
    'shared memory',
    () => request(one({ parameters: { shared_memory_region: 'r' } })),
    'shared memory',
  ],
  ['too many tensors', () => request({ inputs: Array(1025).fill(1) }), '1025 tensors'],
];

describe('A request is refused', () => {
  it.each(REFUSED)('for %s', (_, read, fact) => {
    expect(read).toThrow(InferenceMessageError);
    expect(read).toThrow(fact);
  });

  it('without repeating long parts of it', () => {
    const long = 'x'.repeat(100_000);
    const messages = [
      () => request(one({ data: [1, long] })),
      () => request({ inputs: [{ name: long, shape: [1], datatype: 'FP32', data: [] }] }),
      () => request(long),
    ].map((read) => {
      try {
        return String(read());
      } catch (error) {
        return (error as Error).message;
      }
    });
    for (const message of messages) expect(message.length).toBeLessThan(400);
  });

  it('for parameters named like prototype members only if their type is wrong', () => {
    const read = request(
      JSON.stringify(one({ data: [1, 2] })).replace('{', '{"parameters":{"__proto__":1},'),
    );
    expect(Object.entries(read.parameters!)).toEqual([['__proto__', 1]]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});
