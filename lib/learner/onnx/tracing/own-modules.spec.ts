import { readdirSync, readFileSync } from 'node:fs';
import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { openModuleFile } from '../../pytorch/open-module.js';
import { TorchModel } from '../../pytorch/torch-model.js';
import type { Graph } from '../graph.js';
import { lowerModel } from '../lowering/lower-model.js';
import { loadLowerings } from '../lowering/registry.js';
import { readSources } from './read-sources.js';

const FOLDER = 'test/fixtures/code/modules';

interface Given {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Call {
  readonly inputs: readonly Given[];
  readonly outputs: readonly Given[];
}

/** What made the files: in those that end in `.named.pt` the classes are names, and this defines them. */
const SOURCE = 'test/fixtures/make/own_modules.py';

const named = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.named.pt'))
  .map((file) => file.slice(0, -'.named.pt'.length))
  .filter((name) => name !== 'PaddedNested');

const names = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length));

const tensorOf = ({ shape, data }: Given): Tensor =>
  data.every(Number.isInteger)
    ? new Tensor('int64', BigInt64Array.from(data, BigInt), shape)
    : new Tensor('float32', Float32Array.from(data), shape);

/** What the model takes: all sizes free but those of channels, codes and numbers. */
const inputsOf = ({ inputs }: Call) =>
  inputs.map(({ shape, data }, i) => ({
    name: `x${i}`,
    dtype: data.every(Number.isInteger) ? ('int64' as const) : ('float32' as const),
    shape: shape.map((size, axis) => (axis === 1 && (shape.length > 2 || i > 0) ? size : null)),
  }));

describe("modules of a notebook's own classes", () => {
  it.each(names)('%s computes what torch computes', async (name) => {
    const calls = JSON.parse(readFileSync(`${FOLDER}/${name}.json`, 'utf8')) as Call[];
    const model = await TorchModel.load(`${FOLDER}/${name}.pt`, { inputs: inputsOf(calls[0]!) });
    try {
      for (const { inputs, outputs } of calls) {
        const result = await model.runTensors(inputs.map(tensorOf));
        const got = Array.isArray(result) ? result : [result];
        expect(got.map(({ dims }) => [...dims])).toEqual(outputs.map(({ shape }) => shape));
        got.forEach(({ data }, i) => {
          const wanted = outputs[i]!.data;
          const off = Array.from(data as Float32Array, (value, at) =>
            Math.abs(value - wanted[at]!),
          );
          expect(Math.max(...off)).toBeLessThan(2e-5);
        });
      }
    } finally {
      await model.release();
    }
  });

  it('refuses padding if torch may pack the rows of plain tensors', async () => {
    const inputs = [{ name: 'x0', dtype: 'int64' as const, shape: [null, null] }];
    const load = TorchModel.load(`${FOLDER}/PaddedNested.pt`, { inputs });
    await expect(load).rejects.toThrow('src_key_padding_mask, torch may skip padding');
  });

  it('refuses float64 layers instead of computing them in float32', async () => {
    const inputs = [{ name: 'x0', dtype: 'float32' as const, shape: [null, 3, null, null] }];
    const load = TorchModel.load(`${FOLDER}/DoubleHead.pt`, { inputs });
    await expect(load).rejects.toThrow(
      'a torch.nn.modules.linear.Linear whose weights are float64',
    );
  });

  it("sends fastai's tensors through the slow path, as torch does", async () => {
    const operators = async (file: string): Promise<string[]> => {
      const { module, torchFile } = openModuleFile(`${FOLDER}/${file}.pt`);
      try {
        await loadLowerings(module);
        const ids = { name: 'x0', dtype: 'int64', dims: ['batch', 'length'] } as const;
        const { graph } = lowerModel(module, { inputs: [ids], plainTensors: false });
        return graph.nodes.map(({ op }) => op);
      } finally {
        torchFile.close();
      }
    };
    const long = await operators('Padded');
    expect(long).toContain('Softmax');
    expect(await operators('PaddedNested')).toEqual(long);
  });

  const graphOf = async (file: string, code?: string): Promise<Graph> => {
    const { module, torchFile } = openModuleFile(`${FOLDER}/${file}.pt`);
    const sources = await readSources(code);
    try {
      await loadLowerings(module, sources !== undefined);
      const image = { name: 'x', dtype: 'float32', dims: ['batch', 3, 'h', 'w'] } as const;
      return lowerModel(module, { inputs: [image], ...(sources && { sources }) }).graph;
    } finally {
      torchFile.close();
    }
  };

  it('gives the same operators as the layers that do the same, by bytecode and from source', async () => {
    const operators = ({ nodes }: Graph): string[] => nodes.map(({ op }) => op);
    const layers = operators(await graphOf('tiny-layers'));
    expect(layers).toContain('MaxPool');
    expect(operators(await graphOf('Tiny'))).toEqual(layers);
    expect(operators(await graphOf('Tiny.named', SOURCE))).toEqual(layers);
  });

  it('gives the same numbers as the layers that do the same, by bytecode and from source', async () => {
    const calls = JSON.parse(readFileSync(`${FOLDER}/Tiny.json`, 'utf8')) as Call[];
    const inputs = inputsOf(calls[0]!);
    const results = [];
    for (const [file, code] of [['tiny-layers'], ['Tiny'], ['Tiny.named', SOURCE]] as const) {
      const model = await TorchModel.load(`${FOLDER}/${file}.pt`, {
        inputs,
        ...(code && { code }),
      });
      try {
        const outputs = [];
        for (const call of calls) {
          outputs.push([await model.runTensors(call.inputs.map(tensorOf))].flat());
        }
        results.push(outputs.map((each) => each.map(({ dims, data }) => ({ dims, data }))));
      } finally {
        await model.release();
      }
    }
    const [layers, bytecode, source] = results;
    expect(layers).toHaveLength(calls.length);
    expect(bytecode).toEqual(layers);
    expect(source).toEqual(layers);
  });

  it.each(named)('%s computes the same from source', async (name) => {
    const calls = JSON.parse(readFileSync(`${FOLDER}/${name}.json`, 'utf8')) as Call[];
    const inputs = inputsOf(calls[0]!);
    const bytecode = await TorchModel.load(`${FOLDER}/${name}.pt`, { inputs });
    const source = await TorchModel.load(`${FOLDER}/${name}.named.pt`, { inputs, code: SOURCE });
    try {
      for (const call of calls) {
        const given = call.inputs.map(tensorOf);
        const results = [await bytecode.runTensors(given), await source.runTensors(given)];
        const [wanted, got] = results.map((result) => [result].flat().map(({ data }) => [...data]));
        expect(got).toEqual(wanted);
      }
    } finally {
      await Promise.all([bytecode.release(), source.release()]);
    }
  });
});
