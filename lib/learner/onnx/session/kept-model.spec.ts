import {
  chmodSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tensor } from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GraphBuilder } from '../graph-builder.js';
import type { Graph } from '../graph.js';
import { lazyTensorData } from '../tensor-data.js';
import type { SessionOptions } from './create-session.js';
import { keptName, keptSession } from './kept-model.js';
import { processor } from './processor.js';

const SIZE = 3000;

let home: string;
let cache: string;
let made = 0;

beforeEach(() => {
  made = 0;
  home = mkdtempSync(join(tmpdir(), 'vts-spec-'));
  cache = join(home, 'cache');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function adding(value: number): Graph {
  const builder = new GraphBuilder();
  const x = builder.input('x', 'float32', ['rows', SIZE]);
  const table = lazyTensorData('float32', [SIZE], () => new Float32Array(SIZE).fill(value));
  builder.output('y', builder.op('Add', [x, builder.weights(table)]));
  return builder.finish();
}

/** What a session adds to its input, and whether the model was made for it. */
async function open(name: string, value = 2, folder = cache, options: SessionOptions = {}) {
  const before = made;
  const make = () => {
    made++;
    return { model: adding(value), facts: { value } };
  };
  const { session, facts } = await keptSession({ folder, name }, make, options);
  const x = new Tensor('float32', new Float32Array(SIZE), [1, SIZE]);
  const { y } = await session.run({ x });
  await session.release();
  return { added: (y as Tensor).data[7], facts, made: made > before };
}

const MADE = { added: 2, facts: { value: 2 }, made: true };
const KEPT = { ...MADE, made: false };

describe('keptSession', () => {
  it('makes a model once, and keeps it with its facts', async () => {
    expect(await open('a')).toEqual(MADE);
    expect(await open('a')).toEqual(KEPT);
    expect(readdirSync(cache)).toEqual(['a']);
  });

  it.each(['model.onnx', 'model.onnx.data', 'kept.json'])(
    'makes it again if %s is changed',
    async (file) => {
      await open('a');
      const path = join(cache, 'a', file);
      const bytes = readFileSync(path);
      bytes[bytes.length - 9]! ^= 1;
      writeFileSync(path, bytes);
      expect(await open('a')).toEqual(MADE);
      expect(await open('a')).toEqual(KEPT);
    },
  );

  it.each(['model.onnx', 'model.onnx.data', 'kept.json'])(
    'makes it again if %s is cut off',
    async (file) => {
      await open('a');
      truncateSync(join(cache, 'a', file), 20);
      expect(await open('a')).toEqual(MADE);
      expect(await open('a')).toEqual(KEPT);
    },
  );

  it('does not use one with another name', async () => {
    await open('b', 5);
    renameSync(join(cache, 'b'), join(cache, 'a'));
    expect(await open('a')).toEqual(MADE);
    expect(await open('a')).toEqual(KEPT);
  });

  it.runIf(processor())(
    'keeps what onnxruntime makes of the graph, apart from the graph',
    async () => {
      const options = { graphOptimizationLevel: 'basic' } as const;
      expect(await open('a')).toEqual(MADE);
      expect(await open('a', 2, cache, options)).toEqual(MADE);
      expect(await open('a', 2, cache, options)).toEqual(KEPT);
      expect(await open('a')).toEqual(KEPT);
      const optimizedOf = (name: string): unknown =>
        (JSON.parse(readFileSync(join(cache, name, 'kept.json'), 'utf8')) as { optimized: unknown })
          .optimized;
      expect([optimizedOf('a'), optimizedOf('a-plain')]).toEqual([true, false]);
    },
  );

  it('can be used by several at once', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, () => open('a')));
    for (const { added } of all) expect(added).toBe(2);
    expect(readdirSync(cache)).toEqual(['a']);
  });

  it('keeps four, and removes what was written first', async () => {
    for (const [i, name] of ['a', 'b', 'c', 'd'].entries()) {
      await open(name);
      utimesSync(join(cache, name), 1000 + i, 1000 + i);
    }
    await open('e');
    expect(readdirSync(cache).sort()).toEqual(['b', 'c', 'd', 'e']);
  });

  it('removes leftovers of a killed process, not files that another is writing', async () => {
    await open('a');
    for (const name of ['tmp-old', 'tmp-new'])
      cpSync(join(cache, 'a'), join(cache, name), { recursive: true });
    utimesSync(join(cache, 'tmp-old'), 1000, 1000);
    await open('b');
    expect(readdirSync(cache).sort()).toEqual(['a', 'b', 'tmp-new']);
  });

  it('works without a writable folder', async () => {
    const file = join(home, 'file');
    writeFileSync(file, '');
    chmodSync(file, 0o400);
    const inside = join(file, 'cache');
    expect(await open('a', 2, inside)).toEqual(MADE);
    expect(await open('a', 2, inside)).toEqual(MADE);
  });
});

describe('keptName', () => {
  it('differs by kind and by content', () => {
    const names = [keptName('int8', 'a'), keptName('lowered', 'a'), keptName('lowered', 'b')];
    expect(new Set(names).size).toBe(3);
    expect(keptName('lowered', 'a', 1)).toBe(keptName('lowered', 'a', 1));
  });
});
