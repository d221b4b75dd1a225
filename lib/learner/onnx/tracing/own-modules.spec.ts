import { readdirSync, readFileSync } from 'node:fs';
import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { openModuleFile } from '../../pytorch/open-module.js';
import { TorchModel } from '../../pytorch/torch-model.js';
import { lowerModel } from '../lowering/lower-model.js';
import { loadLowerings } from '../lowering/registry.js';

const FOLDER = 'test/fixtures/code/modules';

interface Given {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Call {
  readonly inputs: readonly Given[];
  readonly outputs: readonly Given[];
}

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

  it('refuses padding where torch may pack the rows of plain tensors', async () => {
    const inputs = [{ name: 'x0', dtype: 'int64' as const, shape: [null, null] }];
    const load = TorchModel.load(`${FOLDER}/PaddedNested.pt`, { inputs });
    await expect(load).rejects.toThrow('src_key_padding_mask torch may skip what is padded');
  });

  it("lets fastai's tensors take the long way, as torch does", async () => {
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

  it('gives the same operators as the layers that do the same', async () => {
    const operators = async (file: string): Promise<string[]> => {
      const { module, torchFile } = openModuleFile(`${FOLDER}/${file}.pt`);
      try {
        await loadLowerings(module);
        const image = { name: 'x', dtype: 'float32', dims: ['batch', 3, 'h', 'w'] } as const;
        return lowerModel(module, { inputs: [image] }).graph.nodes.map(({ op }) => op);
      } finally {
        torchFile.close();
      }
    };
    const layers = await operators('tiny-layers');
    expect(layers).toContain('MaxPool');
    expect(await operators('Tiny')).toEqual(layers);
  });
});
