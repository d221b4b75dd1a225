import { Tensor as Feed } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../graph-builder.js';
import type { Attribute, Graph } from '../graph.js';
import { openSession } from '../session/create-session.js';
import { lazyTensorData } from '../tensor-data.js';
import { writeModel } from './model-writer.js';

/** x [rows, 3] * weights [3, width] + 1. */
function affine(width: number): Graph {
  const graph = new GraphBuilder('affine');
  const x = graph.input('x', 'float32', ['rows', 3]);
  const weights = graph.weights(
    lazyTensorData('float32', [3, width], () =>
      Float32Array.from({ length: 3 * width }, (_, i) => i % width),
    ),
  );
  graph.output('y', graph.op('Add', [graph.op('MatMul', [x, weights]), graph.scalar(1)]));
  return graph.finish();
}

describe('writeModel', () => {
  it('writes a model that onnxruntime runs', async () => {
    const { model, externalData } = writeModel(affine(4));
    expect(externalData).toBeUndefined();
    const session = await openSession(model);
    expect(session.inputMetadata).toMatchObject([
      { name: 'x', type: 'float32', shape: ['rows', 3] },
    ]);
    expect(session.outputMetadata).toMatchObject([{ name: 'y', shape: ['rows', 4] }]);
    const { y } = await session.run({ x: new Feed('float32', [1, 2, 3, 0, 0, 0], [2, 3]) });
    expect((y as Feed).dims).toEqual([2, 4]);
    expect([...(y as Feed).data]).toEqual([1, 7, 13, 19, 1, 1, 1, 1]);
    await session.release();
  });

  it('moves initializers from the threshold on into external data, each on a cache line', () => {
    const graph = new GraphBuilder();
    const table = (size: number, value: number) =>
      graph.weights(lazyTensorData('uint8', [size], () => new Uint8Array(size).fill(value)));
    const values = [table(10, 1), table(100, 2), table(101, 3), table(99, 4)];
    graph.output('y', graph.op('Concat', values, { axis: 0 }));
    const { model, externalData } = writeModel(graph.finish(), {
      externalDataThreshold: 100,
      location: 'weights.bin',
    });
    const bytes = Buffer.concat([...externalData!.chunks()]);
    expect(externalData!.location).toBe('weights.bin');
    expect(externalData!.byteLength).toBe(bytes.length);
    expect(bytes.length).toBe(128 + 101);
    expect(bytes.subarray(0, 100).every((byte) => byte === 2)).toBe(true);
    expect(bytes.subarray(100, 128).every((byte) => byte === 0)).toBe(true);
    expect(bytes.subarray(128).every((byte) => byte === 3)).toBe(true);
    const text = Buffer.from(model).toString('latin1');
    expect(text.split('weights.bin')).toHaveLength(3);
    expect(text).toContain('\x01'.repeat(10));
    expect(text).not.toContain('\x02'.repeat(100));
  });

  it('writes every kind of attribute', () => {
    const value: Attribute = { kind: 'strings', value: ['Relu', 'Tanh'] };
    const graph: Graph = {
      ...affine(1),
      nodes: [
        {
          op: 'Custom',
          domain: 'com.example',
          name: 'n',
          inputs: ['x', ''],
          outputs: ['y'],
          attributes: new Map<string, Attribute>([
            ['strings', value],
            ['graph', { kind: 'graph', value: affine(2) }],
            [
              'tensor',
              { kind: 'tensor', value: lazyTensorData('int32', [2], () => Int32Array.of(5, 6)) },
            ],
          ]),
        },
      ],
    };
    const text = Buffer.from(writeModel(graph).model).toString('latin1');
    expect(text).toContain('\x4a\x04Relu\x4a\x04Tanh');
    expect(text).toContain('\x4a\x08\x05\0\0\0\x06\0\0\0');
    // The domain of the node, and its opset.
    expect(text.split('com.example')).toHaveLength(3);
    expect(text.split('affine')).toHaveLength(3);
  });

  it('refuses weights that give fewer bytes than they announce', () => {
    const graph = new GraphBuilder();
    const wrong = { ...lazyTensorData('uint8', [8], () => new Uint8Array(8)), byteLength: 9 };
    graph.output('y', graph.op('Identity', [graph.weights(wrong)]));
    const { externalData } = writeModel(graph.finish(), { externalDataThreshold: 1 });
    expect(() => [...externalData!.chunks()]).toThrow(RangeError);
  });
});
