import { readFileSync } from 'node:fs';
import { Tensor } from 'onnxruntime-common';
import { describe, expect, it, vi } from 'vitest';
import {
  languageRunner,
  learnerRunner,
  moduleRunner,
  runner as handleOf,
  servedRunners,
} from '../../../../test/helpers/served-runners.js';
import { serviceTransport } from '../../../../test/helpers/service-transport.js';
import { InputError } from '../../../learner/errors/index.js';
import { OpenInferenceService } from '../../open-inference/service.js';
import { isTensor } from '../../../learner/runtime/is-tensor.js';
import type { RunnerHandle } from '../../runner/runner-types.js';
import {
  RemoteAnswerError,
  RemoteInputError,
  RemoteItemError,
  RemoteMethodError,
} from '../errors.js';
import { RemoteRunner } from '../remote-runner.js';
import { fakeNetwork, FakeServer } from '../../../../test/helpers/fake-server.js';

const FIXTURES = 'test/fixtures';
const picture = (name: string): Buffer => readFileSync(`${FIXTURES}/vision/images/${name}`);

/** The items of a tabular learner's cases, without numbers that JSON lacks. */
function rowsOf(name: string): unknown[] {
  const { cases } = JSON.parse(readFileSync(`${FIXTURES}/tabular/${name}.json`, 'utf8')) as {
    cases: { input: Record<string, unknown> }[];
  };
  return cases
    .map(({ input }) => input)
    .filter((row) => Object.values(row).every((cell) => typeof cell !== 'object'));
}

async function remoteOf(
  served: RunnerHandle,
  service = new OpenInferenceService(servedRunners({ m: served })),
): Promise<RemoteRunner> {
  const remote = new RemoteRunner('m:latest', {
    options: { remote: 'grpc://a:1' },
    network: { lookUp: async () => [], connect: async () => serviceTransport(service) },
  });
  await remote.open();
  return remote;
}

/** What tensors hold: their classes are onnxruntime's, of which tests load two copies. */
const plain = (given: unknown): unknown => {
  if (Array.isArray(given)) return given.map(plain);
  if (!isTensor(given)) return given;
  return { type: given.type, dims: [...given.dims], data: Array.from(given.data as Float32Array) };
};

const run = (runner: RunnerHandle, method: string, item: unknown, options?: object) =>
  runner.method(method).run(item, options);

describe.each<[string, string, () => readonly unknown[]]>([
  ['texts', `${FIXTURES}/learners/base_tokenizer`, () => ['I liked it', 'awful', '']],
  ['labels of texts', `${FIXTURES}/learners/multi_label`, () => ['I liked it', 'no']],
  ['rows', `${FIXTURES}/tabular/labels.pkl`, () => rowsOf('labels').slice(0, 4)],
  ['numbers of rows', `${FIXTURES}/tabular/floats32.pkl`, () => rowsOf('floats32').slice(0, 4)],
  ['images', `${FIXTURES}/vision/learners/classes`, () => ['q90.jpg', 'grey.png'].map(picture)],
  ['masks', `${FIXTURES}/vision/learners/mask`, () => ['q90.jpg', 'rgb.bmp'].map(picture)],
])('A remote learner of %s', (_name, path, itemsOf) => {
  it("gives the learner's results", async () => {
    const local = await learnerRunner(path);
    const remote = await remoteOf(local);
    const { kind, vocab, description, schema } = local;
    expect(remote).toMatchObject({ kind, ready: true });
    expect(remote.vocab).toEqual(vocab);
    expect(remote.description).toEqual(description);
    expect(remote.schema).toEqual(schema);
    expect(remote.inputs).toBeUndefined();
    const items = itemsOf();
    expect(items.length).toBeGreaterThan(1);
    const triples = [];
    for (const item of items) {
      const triple = (await run(local, 'predict', item)) as [unknown, Tensor, Tensor];
      expect(await run(remote, 'predict', item)).toStrictEqual(triple);
      triples.push(triple);
    }
    // What an application of this module injects from here is served from here as well.
    const relay = await remoteOf(remote);
    expect(await run(relay, 'predict', items[0])).toStrictEqual(triples[0]);

    const [predictions, none, decoded] = (await run(remote, 'getPreds', items, {
      withDecoded: true,
    })) as [Tensor, null, Tensor];
    expect(none).toBeNull();
    expect([...(predictions.data as Float32Array)]).toEqual(
      triples.flatMap(([, , probabilities]) => [...(probabilities.data as Float32Array)]),
    );
    expect([...(decoded.data as Float32Array)]).toEqual(
      triples.flatMap(([, target]) => [...(target.data as Float32Array)]),
    );
    expect(await run(remote, 'get_preds', items)).toStrictEqual([predictions, null]);
    await expect(run(remote, 'getPreds', [])).rejects.toBeInstanceOf(InputError);
    await expect(run(remote, 'getPreds', items, { withInput: true })).rejects.toBeInstanceOf(
      RemoteMethodError,
    );
    const how = { n: 2, beta: 0.5, seed: 3 };
    const tta = (of: RunnerHandle, options: object = how) => run(of, 'tta', items, options);
    const means = await tta(local).catch((error: unknown) => error as Error);
    if (means instanceof Error) await expect(tta(remote)).rejects.toThrow(means.message);
    else {
      expect(await tta(remote)).toStrictEqual(means);
      expect(await tta(relay)).toStrictEqual(means);
      for (const options of [{ useMax: true }, { beta: null }, { beta: null, useMax: true }]) {
        const [far, near] = [await tta(remote, options), await tta(local, options)];
        expect(plain(far)).toEqual(plain(near));
      }
      const [apart] = (await tta(relay, { beta: null })) as [Tensor[], null];
      expect(apart.map(({ dims }) => dims)).toEqual([predictions.dims, predictions.dims]);
    }
    await expect(tta(remote, { n: 17 })).rejects.toThrow('up to 16 passes');
    await expect(tta(remote, { n: 0 })).rejects.toBeInstanceOf(InputError);
    const shown = await run(local, 'show', items[0]);
    expect(await run(remote, 'show', items[0])).toStrictEqual(shown);
    expect(await run(relay, 'show', items[0])).toStrictEqual(shown);
    for (const options of [{}, { target: 0 }, { target: 'no such class' }]) {
      const explained = await run(local, 'explain', items[0], options).catch(
        (error: unknown) => error as Error,
      );
      const far = [remote, relay].map((of) => run(of, 'explain', items[0], options));
      for (const answer of far) {
        if (explained instanceof Error) await expect(answer).rejects.toThrow(explained.message);
        else expect(await answer).toStrictEqual(explained);
      }
    }
    const [row] = triples[0] as unknown as [unknown];
    const decodedRow = await run(local, 'decodeRow', row).catch((error: unknown) => error as Error);
    for (const of of [remote, relay]) {
      const answer = run(of, 'decodeRow', row);
      if (decodedRow instanceof Error) await expect(answer).rejects.toThrow(decodedRow.message);
      else expect(await answer).toStrictEqual(decodedRow);
    }
    await expect(run(remote, 'encode', items[0])).rejects.toBeInstanceOf(RemoteMethodError);
    for (const runner of [relay, remote, local]) await runner.close();
  });
});

describe('A remote learner', () => {
  it('refuses the answer of a server that does not know the parameters', async () => {
    const local = await learnerRunner(`${FIXTURES}/vision/learners/classes`);
    const service = new OpenInferenceService(servedRunners({ m: local }));
    const infer = service.infer.bind(service);
    vi.spyOn(service, 'infer').mockImplementation(async (request) =>
      infer({ ...request, parameters: {} }),
    );
    const remote = await remoteOf(local, service);
    const photo = picture('q90.jpg');
    const calls: [string, unknown, object?][] = [
      ['tta', [photo]],
      ['tta', [photo], { beta: null }],
      ['show', photo],
      ['explain', photo],
    ];
    for (const [method, item, options] of calls) {
      await expect(run(remote, method, item, options)).rejects.toBeInstanceOf(RemoteAnswerError);
    }
    for (const runner of [remote, local]) await runner.close();
  });

  it('augments all items in one request or not at all', async () => {
    const local = await learnerRunner(`${FIXTURES}/vision/learners/classes`);
    const remote = await remoteOf(local);
    const items = Array.from({ length: 65 }, () => picture('q90.jpg'));
    await expect(run(remote, 'tta', items)).rejects.toBeInstanceOf(RemoteItemError);
    for (const runner of [remote, local]) await runner.close();
  });
});

describe('A remote language model', () => {
  it('gives the vector of a text', async () => {
    const local = await languageRunner(`${FIXTURES}/lm/untied`);
    const remote = await remoteOf(local);
    const vector = (await run(local, 'encode', 'I liked')) as Tensor;
    expect(vector.dims).toHaveLength(1);
    const relay = await remoteOf(remote);
    expect(await run(remote, 'encode', 'I liked')).toStrictEqual(vector);
    expect(await run(relay, 'encode', 'I liked')).toStrictEqual(vector);
    for (const method of ['decodeRow', 'tta']) {
      await expect(run(remote, method, 'I liked')).rejects.toBeInstanceOf(RemoteMethodError);
    }
    for (const runner of [relay, remote, local]) await runner.close();
  });
});

describe('A remote language model', () => {
  it('gives the probabilities of the next token, and what it sees of a text', async () => {
    const local = await languageRunner(`${FIXTURES}/lm/untied`);
    const remote = await remoteOf(local);
    const relay = await remoteOf(remote);
    const texts = Array.from({ length: 70 }, (_, at) => 'I liked it '.repeat(at % 4));
    const predictions = await run(local, 'getPreds', texts);
    expect(await run(remote, 'getPreds', texts)).toStrictEqual(predictions);
    expect(await run(relay, 'get_preds', texts)).toStrictEqual(predictions);
    const shown = await run(local, 'show', 'I liked it');
    expect(await run(remote, 'show', 'I liked it')).toStrictEqual(shown);
    expect(await run(relay, 'show', 'I liked it')).toStrictEqual(shown);
    for (const wrong of [[], 'no list', ['text', 1]]) {
      await expect(run(remote, 'getPreds', wrong)).rejects.toBeInstanceOf(InputError);
    }
    const explained = run(local, 'explain', 'I liked it').catch((error: Error) => error.message);
    await expect(run(remote, 'explain', 'I liked it')).rejects.toThrow(String(await explained));
    for (const runner of [relay, remote, local]) await runner.close();
  });
});

describe('A remote model of the PyTorch layer', () => {
  it("returns its tensors, and takes the layer's inputs", async () => {
    const { mlp } = JSON.parse(readFileSync(`${FIXTURES}/pytorch/cases.json`, 'utf8')) as {
      mlp: unknown;
    };
    expect(mlp).toBeDefined();
    const local = await moduleRunner(`${FIXTURES}/pytorch/mlp.pt`);
    const remote = await remoteOf(local);
    const { inputs } = local as unknown as { inputs: { shape: (number | null)[] }[] };
    expect(remote.inputs).toEqual(inputs);
    const width = inputs[0]!.shape.at(-1)!;
    const row = Array.from({ length: width }, (_, at) => at / width);
    const given = [
      new Tensor('float32', row, [1, width]),
      [row],
      [Float32Array.from(row)],
      { data: row, dims: [1, width] },
    ];
    const expected = (await run(local, '__call__', given[0])) as Tensor;
    for (const item of given) {
      const found = (await run(remote, '__call__', item)) as Tensor;
      expect(found.dims).toEqual(expected.dims);
      expect(found.data).toEqual(expected.data);
    }
    expect(((await run(remote, 'forward', given[0])) as Tensor).data).toEqual(expected.data);
    const wrong = new Tensor('float32', [1], [1, 1]);
    const [here, there] = await Promise.all(
      [local, remote].map((each) =>
        run(each, '__call__', wrong).catch((error: unknown) => error as Error),
      ),
    );
    expect(there).toBeInstanceOf(RemoteInputError);
    expect((there as Error).message).toBe((here as Error).message);
    await remote.close();
    await local.close();
  });
});

describe('A remote model of another server', () => {
  const opened = async (metadata: Partial<FakeServer['metadata']>) => {
    const server = new FakeServer();
    server.metadata = { ...server.metadata, ...metadata };
    const servers = new Map([['http://a', server]]);
    const remote = new RemoteRunner('m:latest', {
      options: { remote: 'http://a' },
      network: fakeNetwork(servers),
    });
    await remote.open();
    return { server, remote };
  };
  const outputs = (names: readonly string[]) =>
    names.map((name) => ({ name, datatype: 'INT64', shape: [1] }) as const);
  const answer = (names: readonly string[]) => ({
    modelName: 'm',
    modelVersion: '1',
    outputs: outputs(names).map((output, at) => ({
      ...output,
      data: BigInt64Array.of(BigInt(at)),
    })),
  });

  it('takes tensors by name, and returns several by name', async () => {
    const inputs = [
      { name: 'ids', datatype: 'INT64', shape: [-1] },
      { name: 'text', datatype: 'BYTES', shape: [-1] },
    ] as const;
    const { server, remote } = await opened({ inputs, outputs: outputs(['a', 'b']) });
    server.answers.push(answer(['b', 'a']), answer(['a']));
    const item = { ids: [1, 2], text: ['x', Uint8Array.of(255)] };
    const found = (await run(remote, '__call__', item)) as Record<string, Tensor>;
    expect(Object.keys(found)).toEqual(['a', 'b']);
    expect(found['b']?.data).toEqual(BigInt64Array.of(0n));
    expect(server.requests[0]?.inputs).toEqual([
      { name: 'ids', datatype: 'INT64', shape: [2], data: BigInt64Array.of(1n, 2n) },
      { name: 'text', datatype: 'BYTES', shape: [2], data: ['x', Uint8Array.of(255)] },
    ]);
    // Servers have inputs that may be left out.
    await run(remote, '__call__', { ids: [3] });
    expect(server.requests[1]?.inputs.map(({ name }) => name)).toEqual(['ids']);
    await expect(run(remote, '__call__', { ids: [1.5] })).rejects.toThrow('"ids"');
    await expect(run(remote, '__call__', { ids: [1], text: [5] })).rejects.toBeInstanceOf(
      RemoteItemError,
    );
    await expect(run(remote, '__call__', [1, 2, 3])).rejects.toBeInstanceOf(InputError);
  });

  it('takes typed tensors if the server does not describe its inputs', async () => {
    const { server, remote } = await opened({ inputs: [], outputs: [] });
    server.answers.push(answer(['y']), answer(['y', 'z']));
    const tensor = new Tensor('int64', [1n], [1]);
    const one = (await run(remote, '__call__', { ids: tensor })) as Tensor;
    expect(one.data).toEqual(BigInt64Array.of(0n));
    const two = await run(remote, '__call__', {
      ids: { datatype: 'FP32', shape: [1], data: Float32Array.of(1) },
    });
    expect(Object.keys(two as object)).toEqual(['y', 'z']);
    await expect(run(remote, '__call__', { ids: [1] })).rejects.toThrow('does not give the type');
    await expect(run(remote, '__call__', tensor)).rejects.toThrow('does not describe the inputs');
  });
});

describe('A remote runner of a runnable', () => {
  it('gives the values of a stream, and stops it when its reader leaves', async () => {
    const service = new OpenInferenceService(servedRunners({}));
    let left = false;
    vi.spyOn(service, 'modelReady').mockReturnValue(true);
    vi.spyOn(service, 'modelMetadata').mockReturnValue(new FakeServer().metadata);
    vi.spyOn(service, 'inferStream').mockImplementation(async function* ({ inputs }) {
      const [text] = inputs[0]!.data as readonly string[];
      try {
        for (let at = 0; ; at++) {
          const data = [`[${text},${at}]`];
          const output = { name: 'output', datatype: 'BYTES', shape: [1], data } as const;
          yield { modelName: 'counter', modelVersion: '1', outputs: [output] };
        }
      } finally {
        left = true;
      }
    });
    const remote = new RemoteRunner('counter', {
      options: { remote: 'grpc://a:1' },
      methods: new Map([['count', { stream: true }]]),
      network: { lookUp: async () => [], connect: async () => serviceTransport(service) },
    });
    const values: unknown[] = [];
    for await (const value of remote.stream('count', 'x')) {
      if (values.push(value) === 3) break;
    }
    expect(values).toEqual([0, 1, 2].map((at) => ['x', at]));
    await expect.poll(() => left).toBe(true);
    expect(vi.mocked(service.inferStream).mock.calls[0]![0].parameters).toEqual({
      method: 'count',
    });
    await remote.close();
  });

  it('names methods that are not served', async () => {
    const server = new FakeServer();
    const remote = new RemoteRunner('summarizer', {
      options: { remote: 'grpc://a:1' },
      methods: new Map([
        ['summarize', {}],
        ['words', { stream: true }],
      ]),
      // It has no streams, as REST.
      network: fakeNetwork(new Map([['grpc://a:1', server]])),
    });
    await remote.open();
    const output = {
      name: 'output',
      datatype: 'BYTES',
      shape: [1],
      data: ['{"n":[1,"a"]}'],
    } as const;
    server.answers.push({ modelName: 'summarizer', modelVersion: '1', outputs: [output] });
    expect(await run(remote, 'summarize', { text: 'x', at: undefined })).toEqual({ n: [1, 'a'] });
    expect(server.requests[0]).toMatchObject({
      modelName: 'summarizer',
      parameters: { method: 'summarize' },
      inputs: [{ name: 'input', data: ['{"text":"x","at":{"$undefined":true}}'] }],
    });
    await expect(run(remote, 'words', 'x')).rejects.toBeInstanceOf(RemoteMethodError);
    const values = remote.stream('summarize', 'x')[Symbol.asyncIterator]();
    await expect(values.next()).rejects.toBeInstanceOf(RemoteMethodError);
    const words = remote.stream('words', 'x')[Symbol.asyncIterator]();
    await expect(words.next()).rejects.toThrow('use a grpc:// address');
    expect(server.requests).toHaveLength(1);
    expect(handleOf('x', new Map()).remote).toBeUndefined();
  });
});
