import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { learnerRunner, servedRunners } from '../../../test/helpers/served-runners.js';
import { OpenInferenceService } from './service.js';
import { itemCodecOf } from './tensors/item-codec.js';
import { predictionsOf } from './tensors/prediction.js';

const folder = 'test/fixtures/results';
const OUTPUTS = {
  faces: ['age', 'gender', 'traits'].flatMap((name) =>
    ['probabilities', 'target', 'decoded'].map((output) => `${name}.${output}`),
  ),
  scene: ['mask_of', 'gender'].flatMap((name) =>
    ['probabilities', 'target', 'decoded'].map((output) => `${name}.${output}`),
  ),
  patients: ['stay.probabilities', 'stay.target', 'risk.probabilities', 'risk.target', 'decoded'],
};

it.each(Object.entries(OUTPUTS))('gives each result of %s its own outputs', async (name, names) => {
  const activation = ['softmax', 'softmax'] as const;
  const runner = await learnerRunner(`${folder}/${name}`, name === 'scene' ? { activation } : {});
  const service = new OpenInferenceService(servedRunners({ [name]: runner }));
  const { outputs: told } = service.modelMetadata(name, '');
  expect(told.map((output) => output.name)).toEqual(names);
  const { inputs: items } = JSON.parse(readFileSync(`${folder}/${name}/cases.json`, 'utf8')) as {
    readonly inputs: readonly unknown[];
  };
  const [first] = items;
  const item = typeof first === 'string' ? readFileSync(first) : first;
  const inputs = await itemCodecOf(name, runner.description).inputsOf(item);
  const request = { modelName: name, modelVersion: '', inputs };
  const { outputs } = await service.infer(request);
  expect(predictionsOf(outputs, runner.description)).toStrictEqual([
    await runner.predict.run(item),
  ]);
  // The metadata is as they are, at the latest after the first of them.
  const { outputs: seen } = service.modelMetadata(name, '');
  for (const { name: output, datatype, shape } of outputs) {
    const known = seen.find((one) => one.name === output)!;
    expect([known.datatype, known.shape.length]).toEqual([datatype, shape.length]);
  }
  const one = await service.infer({ ...request, outputs: [{ name: names[1]! }] });
  expect(one.outputs.map((output) => output.name)).toEqual([names[1]]);
  service.close();
  await runner.close();
});
