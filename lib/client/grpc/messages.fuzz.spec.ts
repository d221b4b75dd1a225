import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DATATYPES, type Datatype, type TensorData } from '../protocol/datatypes.js';
import { InferenceMessageError } from '../protocol/errors.js';
import type { InferTensor } from '../protocol/messages.js';
import {
  inferRequestBytes,
  inferResponseBytes,
  readInferRequest,
  readInferResponse,
  readStreamResponse,
} from './messages.js';

const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
const parameters = fc.dictionary(
  fc.string({ unit: 'grapheme' }),
  fc.oneof(
    fc.boolean(),
    fc.string({ unit: 'grapheme' }),
    fc.double({ noNaN: true }),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
  ),
  { noNullPrototype: true, minKeys: 1, maxKeys: 5 },
);

/** Any bytes are numbers, but for BOOL. */
function dataOf(datatype: Datatype, count: number, bytes: Uint8Array): TensorData {
  const { array, size } = DATATYPES[datatype];
  if (array === undefined) return Array.from({ length: count }, (_, at) => bytes.slice(0, at));
  const own = Uint8Array.from({ length: count * size }, (_, at) => bytes[at % bytes.length]!);
  return new array((datatype === 'BOOL' ? own.map((byte) => byte & 1) : own).buffer);
}

const tensor = fc
  .record({
    name: fc.string({ unit: 'grapheme', minLength: 1 }),
    datatype: fc.constantFrom(...(Object.keys(DATATYPES) as Datatype[])),
    shape,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 64 }),
    parameters: fc.option(parameters, { nil: undefined }),
  })
  .map(({ bytes, parameters: own, ...head }): InferTensor => {
    const count = head.shape.reduce((product, size) => product * size, 1);
    return { ...head, data: dataOf(head.datatype, count, bytes), ...(own && { parameters: own }) };
  });

const request = fc.record(
  {
    modelName: fc.string({ unit: 'grapheme' }),
    modelVersion: fc.string({ unit: 'grapheme' }),
    id: fc.string({ unit: 'grapheme', minLength: 1 }),
    parameters,
    inputs: fc.uniqueArray(tensor, { selector: ({ name }) => name, maxLength: 5 }),
  },
  { requiredKeys: ['modelName', 'modelVersion', 'inputs'] },
);

/** Bits, so that NaN is compared as well; members by their names, whatever their prototype. */
function comparable(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) {
    return [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)];
  }
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([key, each]) => [key, comparable(each)] as const);
  return members.sort(([one], [other]) => (one < other ? -1 : 1));
}

it('messages survive a round trip, raw and typed', () => {
  fc.assert(
    fc.property(request, fc.boolean(), (message, raw) => {
      expect(comparable(readInferRequest(inferRequestBytes(message)))).toEqual(comparable(message));
      const { inputs, ...head } = message;
      const answer = { ...head, outputs: inputs };
      const ask = { parameters: { binary_data_output: raw } };
      const { outputs, ...read } = readInferResponse(inferResponseBytes(answer, ask));
      expect(comparable({ ...read, inputs: outputs })).toEqual(comparable(message));
    }),
  );
});

/** Reads it, or says by one error alone why not. */
function read(bytes: Uint8Array): void {
  for (const reader of [readInferRequest, readInferResponse, readStreamResponse]) {
    try {
      reader(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(InferenceMessageError);
    }
  }
}

it('any bytes are read or refused', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), read), { numRuns: 2000 });
});

it('messages with other bytes in them, cut or grown are read or refused', () => {
  const change = fc.record({
    at: fc.nat(),
    take: fc.nat(3),
    put: fc.uint8Array({ maxLength: 12 }),
  });
  fc.assert(
    fc.property(
      request,
      fc.boolean(),
      fc.array(change, { minLength: 1, maxLength: 4 }),
      (message, typed, changes) => {
        const { inputs: outputs, ...head } = message;
        let bytes: Uint8Array = typed
          ? inferResponseBytes({ ...head, outputs }, { parameters: { binary_data_output: false } })
          : inferRequestBytes(message);
        for (const { at, take, put } of changes) {
          const start = at % (bytes.length + 1);
          bytes = Buffer.concat([bytes.subarray(0, start), put, bytes.subarray(start + take)]);
        }
        read(bytes);
      },
    ),
    { numRuns: 1000 },
  );
});

it('does not allocate memory that a message only announces', () => {
  // 2^40 elements of each datatype in a message of some bytes, and 64 dimensions in a varint each.
  for (const datatype of Object.keys(DATATYPES)) {
    const size = [0x80, 0x80, 0x80, 0x80, 0x80, 0x20];
    const name = [...Buffer.from(datatype)];
    for (const contents of [[0x2a, 0], [0x2a, 3, 0x12, 1, 1], []]) {
      const x = [0x0a, 1, 0x78, 0x12, name.length, ...name, 0x1a, 6, ...size, ...contents];
      const bytes = Uint8Array.of(0x2a, x.length, ...x);
      expect(() => readInferRequest(bytes)).toThrow(InferenceMessageError);
      expect(() => readInferRequest(Buffer.concat([bytes, Buffer.of(0x3a, 0)]))).toThrow(
        InferenceMessageError,
      );
    }
  }
});
