import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tensor as Feed } from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SessionCreationError, SessionReleasedError } from '../errors.js';
import { GraphBuilder } from '../graph-builder.js';
import type { Graph } from '../graph.js';
import { lazyTensorData } from '../tensor-data.js';
import { createSession, openSession } from './create-session.js';
import { withModelFolder } from './model-folder.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vts-spec-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const size = 3000;

/** Adds a table that is large enough for a file of its own. */
function addTable(table: () => Float32Array = () => new Float32Array(size).fill(2)): Graph {
  const graph = new GraphBuilder();
  const x = graph.input('x', 'float32', ['rows', size]);
  const weights = graph.weights(lazyTensorData('float32', [size], table));
  graph.output('y', graph.op('Add', [x, weights]));
  return graph.finish();
}

const feeds = () => ({ x: new Feed('float32', new Float32Array(size).fill(1), [1, size]) });

describe('createSession', () => {
  it('maps the weights from a folder that is removed afterwards', async () => {
    const session = await createSession(addTable(), { tempDir: folder, intraOpNumThreads: 1 });
    expect(readdirSync(folder)).toEqual([]);
    const { y } = await session.run(feeds());
    expect((y as Feed).data.every((value) => value === 3)).toBe(true);
    await session.release();
  });

  it('keeps folder and files private while they exist', async () => {
    const modes = await withModelFolder(addTable(), folder, async (path) => {
      const inner = join(path, '..');
      return [inner, ...readdirSync(inner).map((name) => join(inner, name))].map(
        (each) => statSync(each).mode & 0o777,
      );
    });
    expect(modes).toEqual([0o700, 0o600, 0o600]);
  });

  it('removes the folder when onnxruntime refuses the model', async () => {
    const graph = addTable();
    const broken: Graph = {
      ...graph,
      nodes: graph.nodes.map((node) => ({ ...node, op: 'NoSuchOperator' })),
    };
    await expect(createSession(broken, { tempDir: folder })).rejects.toThrow(SessionCreationError);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('removes the folder when the weights cannot be read', async () => {
    const graph = addTable(() => {
      throw new TypeError('gone');
    });
    await expect(createSession(graph, { tempDir: folder })).rejects.toThrow('gone');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('uses memory if no folder can be created', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    chmodSync(file, 0o400);
    for (const tempDir of [file, join(folder, 'missing')]) {
      const session = await createSession(addTable(), { tempDir });
      const { y } = await session.run(feeds());
      expect((y as Feed).data[0]).toBe(3);
      await session.release();
    }
  });

  it('runs without spinning threads', async () => {
    const session = await createSession(addTable(), { allowSpinning: false, intraOpNumThreads: 2 });
    const { y } = await session.run(feeds());
    expect((y as Feed).dims).toEqual([1, size]);
    await session.release();
  });

  it('refuses an execution provider that is not available', async () => {
    const session = createSession(addTable(), { executionProviders: ['nonsense'] });
    await expect(session).rejects.toThrow(SessionCreationError);
  });
});

describe('OnnxSession', () => {
  it('may be released twice, and refuses to run after it', async () => {
    const session = await createSession(addTable());
    await session.release();
    await session.release();
    await expect(session.run(feeds())).rejects.toThrow(SessionReleasedError);
  });

  it('lets started runs finish before its release', async () => {
    const session = await createSession(addTable());
    const runs = [session.run(feeds()), session.run(feeds())];
    const released = session.release();
    for (const { y } of await Promise.all(runs)) expect((y as Feed).data[0]).toBe(3);
    await released;
  });

  it('opens finished models from bytes', async () => {
    await expect(openSession(Uint8Array.of(1, 2, 3))).rejects.toThrow(SessionCreationError);
  });
});
