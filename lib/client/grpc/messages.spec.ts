import type { MessageTypeDefinition } from '@grpc/proto-loader';
import { beforeAll, describe, expect, it } from 'vitest';
import { InferenceMessageError } from '../protocol/errors.js';
import type { InferRequest, InferResponse } from '../protocol/messages.js';
import { loadInferenceDefinition } from './definition.js';
import {
  inferRequestBytes,
  inferResponseBytes,
  readInferRequest,
  readInferResponse,
  readStreamResponse,
  streamResponseBytes,
} from './messages.js';

type Message = MessageTypeDefinition<object, object>;

/** What protobufjs makes of a message, and its bytes. */
let protobuf: {
  encode(name: string, value: object): Buffer;
  decode(name: string, b: Buffer): object;
};

beforeAll(async () => {
  const { packageDefinition } = await loadInferenceDefinition();
  const of = (name: string): Message => packageDefinition[`inference.${name}`] as Message;
  protobuf = {
    encode: (name, value) => of(name).serialize(value),
    decode: (name, bytes) => of(name).deserialize(bytes),
  };
});

const request = (message: object): InferRequest =>
  readInferRequest(protobuf.encode('ModelInferRequest', message));

const typed = (datatype: string, contents: object, shape: readonly number[] = [2]): InferRequest =>
  request({ model_name: 'm', inputs: [{ name: 'x', datatype, shape, contents }] });

const everything: InferRequest = {
  modelName: 'm',
  modelVersion: '3',
  id: 'é1',
  parameters: { a: true, b: -5, c: 'text', d: 0.5, e: 2n ** 64n - 1n, f: false, g: '' },
  inputs: [
    { name: 'b', datatype: 'BOOL', shape: [2], data: Uint8Array.of(1, 0) },
    { name: 'i8', datatype: 'INT8', shape: [2], data: Int8Array.of(-128, 127) },
    { name: 'i16', datatype: 'INT16', shape: [2], data: Int16Array.of(-32768, 32767) },
    { name: 'i32', datatype: 'INT32', shape: [2], data: Int32Array.of(-(2 ** 31), 2 ** 31 - 1) },
    {
      name: 'i64',
      datatype: 'INT64',
      shape: [3],
      data: BigInt64Array.of(-(2n ** 63n), -1n, 2n ** 63n - 1n),
    },
    { name: 'u8', datatype: 'UINT8', shape: [2], data: Uint8Array.of(0, 255) },
    { name: 'u16', datatype: 'UINT16', shape: [2], data: Uint16Array.of(0, 65535) },
    { name: 'u32', datatype: 'UINT32', shape: [2], data: Uint32Array.of(0, 2 ** 32 - 1) },
    { name: 'u64', datatype: 'UINT64', shape: [2], data: BigUint64Array.of(1n, 2n ** 64n - 1n) },
    { name: 'f32', datatype: 'FP32', shape: [2, 2], data: Float32Array.of(0.1, -0, NaN, Infinity) },
    { name: 'f64', datatype: 'FP64', shape: [2], data: Float64Array.of(0.1, 5e-324) },
    {
      name: 's',
      datatype: 'BYTES',
      shape: [3],
      data: [Uint8Array.of(0xc3, 0xa9), Uint8Array.of(), Uint8Array.of(255)],
    },
    { name: 'none', datatype: 'FP32', shape: [0, 3], data: new Float32Array() },
    { name: 'one', datatype: 'INT64', shape: [], data: BigInt64Array.of(7n), parameters: { k: 1 } },
  ],
  outputs: [{ name: 'y', parameters: { classification: 2 } }, { name: 'z' }],
};

describe('messages of gRPC', () => {
  it('come back as they were sent, raw', () => {
    const half = {
      name: 'h',
      datatype: 'FP16',
      shape: [2],
      data: Uint16Array.of(1, 65535),
    } as const;
    const sent = { ...everything, inputs: [...everything.inputs, half] };
    expect(plain(readInferRequest(inferRequestBytes(sent)))).toEqual(plain(sent));
  });

  it('are readable by protobufjs', () => {
    const bytes = inferRequestBytes(everything);
    const read = protobuf.decode('ModelInferRequest', bytes);
    expect(read).toMatchObject({
      model_name: 'm',
      model_version: '3',
      id: 'é1',
      parameters: {
        a: { bool_param: true, parameter_choice: 'bool_param' },
        b: { int64_param: '-5' },
        c: { string_param: 'text' },
        d: { double_param: 0.5 },
        e: { uint64_param: '18446744073709551615' },
        f: { bool_param: false, parameter_choice: 'bool_param' },
        g: { string_param: '', parameter_choice: 'string_param' },
      },
      outputs: [{ name: 'y', parameters: { classification: { int64_param: '2' } } }, { name: 'z' }],
    });
    const { inputs, raw_input_contents: raw } = read as Record<string, object[]>;
    expect(inputs).toHaveLength(14);
    expect(inputs![9]).toMatchObject({
      name: 'f32',
      datatype: 'FP32',
      shape: ['2', '2'],
      contents: null,
    });
    expect(raw).toHaveLength(14);
    expect(raw![3]).toEqual(
      Buffer.from(new Uint8Array(Int32Array.of(-(2 ** 31), 2 ** 31 - 1).buffer)),
    );
    expect(protobuf.encode('ModelInferRequest', read)).toHaveLength(bytes.length);
  });

  it('are raw in answers, and typed if the request asks for it', () => {
    const response: InferResponse = {
      modelName: 'm',
      modelVersion: '1',
      id: '7',
      parameters: { sequence: 1 },
      outputs: everything.inputs,
    };
    for (const raw of [true, false]) {
      const bytes = inferResponseBytes(response, { parameters: { binary_data_output: raw } });
      expect(plain(readInferResponse(bytes))).toEqual(plain(response));
      const read = protobuf.decode('ModelInferResponse', bytes) as Record<string, unknown[]>;
      expect(read['raw_output_contents']).toHaveLength(raw ? 14 : 0);
      const contents = raw ? null : { fp32_contents: [Math.fround(0.1), -0, NaN, Infinity] };
      expect(read['outputs']![9]).toMatchObject({ contents });
    }
    const half = { name: 'h', datatype: 'FP16', shape: [1], data: Uint16Array.of(1) } as const;
    const ask = { parameters: { binary_data_output: false } };
    const halves = inferResponseBytes({ ...response, outputs: [half] }, ask);
    expect(protobuf.decode('ModelInferResponse', halves)).toMatchObject({
      outputs: [{ datatype: 'FP16', contents: null }],
      raw_output_contents: [Buffer.of(1, 0)],
    });
  });

  it('on a stream are answers and errors', () => {
    const response = { modelName: 'm', modelVersion: '', outputs: [] };
    expect(readStreamResponse(streamResponseBytes({ response }))).toEqual({ response });
    expect(readStreamResponse(streamResponseBytes({ error: 'No.' }))).toEqual({ error: 'No.' });
  });
});

describe('typed contents', () => {
  it.each([
    ['BOOL', { bool_contents: [true, false] }, Uint8Array.of(1, 0)],
    ['INT8', { int_contents: [-1, 127] }, Int8Array.of(-1, 127)],
    ['INT16', { int_contents: [-1, 5] }, Int16Array.of(-1, 5)],
    ['INT32', { int_contents: [-(2 ** 31), 5] }, Int32Array.of(-(2 ** 31), 5)],
    [
      'INT64',
      { int64_contents: ['-9223372036854775808', '1'] },
      BigInt64Array.of(-(2n ** 63n), 1n),
    ],
    ['UINT8', { uint_contents: [0, 255] }, Uint8Array.of(0, 255)],
    ['UINT16', { uint_contents: [0, 65535] }, Uint16Array.of(0, 65535)],
    ['UINT32', { uint_contents: [0, 2 ** 32 - 1] }, Uint32Array.of(0, 2 ** 32 - 1)],
    [
      'UINT64',
      { uint64_contents: ['18446744073709551615', '0'] },
      BigUint64Array.of(2n ** 64n - 1n, 0n),
    ],
    ['FP32', { fp32_contents: [0.1, NaN] }, Float32Array.of(0.1, NaN)],
    ['FP64', { fp64_contents: [0.1, -0] }, Float64Array.of(0.1, -0)],
    [
      'BYTES',
      { bytes_contents: [Buffer.from('é'), Buffer.of()] },
      [Uint8Array.of(0xc3, 0xa9), Uint8Array.of()],
    ],
  ])('of %s are read', (datatype, contents, data) => {
    expect(plain(typed(datatype, contents)).inputs[0]!.data).toEqual(data);
  });

  it('are read unpacked and in pieces', () => {
    // FP32 1 and 2: fp32_contents unpacked (tag 0x35), in two messages of contents.
    const one = [0x2a, 5, 0x35, 0, 0, 128, 63];
    const two = [0x2a, 5, 0x35, 0, 0, 0, 64];
    const head = [0x0a, 1, 0x78, 0x12, 4, ...Buffer.from('FP32'), 0x18, 2];
    const tensor = [...head, ...one, ...two];
    const read = readInferRequest(Uint8Array.of(0x2a, tensor.length, ...tensor));
    expect(read.inputs).toEqual([
      { name: 'x', datatype: 'FP32', shape: [2], data: Float32Array.of(1, 2) },
    ]);
  });

  it.each([
    [
      'INT32',
      { uint_contents: [1, 2] },
      'is INT32 and has uint_contents; send int_contents, or raw bytes',
    ],
    ['FP32', { fp32_contents: [1, 2], int_contents: [1] }, 'is FP32 and has int_contents'],
    ['FP16', { fp32_contents: [1, 2] }, 'is FP16, which only raw bytes can carry'],
    [
      'INT8',
      { int_contents: [128, 0] },
      'Element 0 of the tensor "x" is 128, which does not fit INT8',
    ],
    [
      'UINT8',
      { uint_contents: [0, 256] },
      'Element 1 of the tensor "x" is 256, which does not fit UINT8',
    ],
    [
      'INT16',
      { int_contents: [0, -32769] },
      'Element 1 of the tensor "x" is -32769, which does not fit INT16',
    ],
    ['INT32', { int_contents: [1] }, 'has 1 elements, but its shape requires 2'],
    ['INT32', { int_contents: [300] }, 'has 1 elements, but its shape requires 2'],
    ['INT32', { int_contents: [1, 2, 3] }, 'has more than 2 elements, but its shape requires 2'],
    ['FP32', { fp32_contents: [1, 2, 3] }, 'has more than 2 elements'],
    ['BYTES', { bytes_contents: [Buffer.alloc(9)] }, 'has 1 elements'],
    [
      'BYTES',
      { bytes_contents: [Buffer.of(), Buffer.of(), Buffer.of()] },
      'has more than 2 elements',
    ],
    ['FP32', {}, 'has fewer than 2 elements'],
    ['TEXT', {}, 'The tensor "x" has the unknown datatype "TEXT"'],
  ])('of %s that do not fit are refused: %#', (datatype, contents, fact) => {
    expect(() => typed(datatype, contents)).toThrow(fact);
    expect(() => typed(datatype, contents)).toThrow(InferenceMessageError);
  });
});

describe('a message is refused', () => {
  const tensor = { name: 'x', datatype: 'INT8', shape: [1] };
  const contents = { int_contents: [1] };

  it.each([
    [
      { inputs: [tensor, { ...tensor, name: 'y' }], raw_input_contents: [Buffer.of(1)] },
      'The message has 2 tensors and 1 raw contents; send raw contents for every tensor, or for none.',
    ],
    [{ raw_input_contents: [Buffer.of(1)] }, 'The message has 0 tensors and 1 raw contents'],
    [
      { inputs: [{ ...tensor, contents }], raw_input_contents: [Buffer.of(1)] },
      'The tensor "x" has both typed and raw contents; send only one of them.',
    ],
    [
      { inputs: [tensor], raw_input_contents: [Buffer.of(1, 2)] },
      'The tensor "x" comes with 2 bytes, but 1 elements of INT8 take 1',
    ],
    [
      {
        inputs: [
          { ...tensor, contents },
          { ...tensor, contents },
        ],
      },
      'The tensor "x" appears twice',
    ],
    [
      { inputs: [{ ...tensor, shape: [-1], contents }] },
      'The shape of the tensor "x" has the size -1',
    ],
    [
      { inputs: [{ ...tensor, shape: ['9223372036854775807'], contents }] },
      'has the size 9223372036854776000',
    ],
    [{ inputs: [{ ...tensor, shape: [2 ** 30, 2 ** 30], contents }] }, 'has too many elements'],
    [
      { inputs: [{ ...tensor, shape: [2 ** 40], contents }] },
      'has fewer than 1099511627776 elements',
    ],
    [
      { inputs: [{ ...tensor, shape: Array(10_000).fill(1), contents }] },
      'has 33 dimensions; send 32 at most',
    ],
    [{ inputs: [{ ...tensor, name: '', contents }] }, 'A tensor has no name'],
    [{ outputs: [{ name: '' }] }, 'An output has no name'],
    [{ outputs: [{ name: 'y' }, { name: 'y' }] }, 'The output "y" appears twice'],
    [
      { outputs: Array(1025).fill({ name: 'y' }) },
      'The message has 1025 tensors; send 1024 at most.',
    ],
    [{ parameters: { a: {} } }, 'The parameter "a" has no value'],
    [
      { inputs: [{ ...tensor, parameters: { shared_memory_region: { string_param: 'r' } } }] },
      'is in shared memory',
    ],
  ])('for invalid tensors, outputs or parameters: %#', (message, fact) => {
    expect(() => request(message)).toThrow(fact);
    expect(() => request(message)).toThrow(InferenceMessageError);
  });

  it.each([
    ['a length beyond it', [0x0a, 200, 1, 65]],
    ['a number without an end', [0x0a, 0x80]],
    ['a number of 11 bytes', [8, ...Array<number>(10).fill(255), 1]],
    ['the field 0', [0x02, 0]],
    ['a group', [0x0b]],
    ['a text that is not UTF-8', [0x0a, 1, 0xff]],
    ['a number where a text belongs', [0x08, 1]],
    ['a length of 64 bits', [0x0a, ...Array<number>(9).fill(255), 1]],
  ])('that is not protobuf: %s', (_, bytes) => {
    expect(() => readInferRequest(Uint8Array.from(bytes))).toThrow(
      'The message is not protobuf of this protocol',
    );
  });

  it('with too many elements of BYTES', () => {
    const count = 2 ** 20;
    const texts = (name: string, length: number) => ({
      name,
      datatype: 'BYTES',
      shape: [length],
      contents: { bytes_contents: Array<Buffer>(length).fill(Buffer.of()) },
    });
    expect(request({ inputs: [texts('x', count)] }).inputs[0]!.data).toHaveLength(count);
    const fact = 'The message has more than 1048576 elements of BYTES; send less at once.';
    expect(() => request({ inputs: [texts('x', count), texts('y', 1)] })).toThrow(fact);
  });

  it('with contents in very many parts', () => {
    const part = [0x2a, 2, 0x10, 1];
    const parts = Array.from({ length: 65 }, () => part).flat();
    const tensor = Buffer.of(0x0a, 1, 0x78, 0x12, 4, ...Buffer.from('INT8'), 0x18, 65, ...parts);
    const length = [(tensor.length & 127) | 128, tensor.length >> 7];
    expect(() => readInferRequest(Buffer.of(0x2a, ...length, ...tensor))).toThrow(
      'contents in more than 64 parts',
    );
  });

  it('except for odd but valid content: unknown fields, and names of prototypes', () => {
    const unknown = [0x78, 1, 0x79, ...Array<number>(8).fill(0), 0x7a, 1, 0, 0x7d, 0, 0, 0, 0];
    expect(readInferRequest(Uint8Array.of(0x0a, 1, 0x6d, ...unknown))).toEqual({
      modelName: 'm',
      modelVersion: '',
      inputs: [],
    });
    const sent = { ...everything, parameters: JSON.parse('{"__proto__": 1, "constructor": 2}') };
    const { parameters } = readInferRequest(inferRequestBytes(sent));
    expect(Object.entries(parameters!)).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
    ]);
    expect(Object.getPrototypeOf(parameters)).toBe(null);
  });
});

/** Comparable: parameters without a prototype, and views of a Buffer, as plain ones. */
function plain<Value>(value: Value): Value {
  if (ArrayBuffer.isView(value)) {
    return (value instanceof Uint8Array ? Uint8Array.from(value) : value) as Value;
  }
  if (Array.isArray(value)) return value.map(plain) as Value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, plain(each)]),
  ) as Value;
}
