import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../learner/errors/index.js';
import type { InferTensor } from '../../client/protocol/messages.js';
import {
  learnerRunner,
  servedRunners,
  type InProcessLearner,
} from '../../../test/helpers/served-runners.js';
import { sentItem } from '../../learner/fastai/entry/sent-item.js';
import { TensorValueError } from './errors.js';
import { OpenInferenceService } from './service.js';
import { itemCodecOf } from './tensors/item-codec.js';
import { predictionsOf } from './tensors/prediction.js';

const folder = 'test/fixtures/mixed';
type Row = Readonly<Record<string, string | number>>;

const rowOf = (name: string): Row =>
  (
    JSON.parse(readFileSync(`${folder}/${name}/cases.json`, 'utf8')) as {
      readonly cases: readonly { readonly input: Row }[];
    }
  ).cases[0]!.input;
const bytesOf = (name: unknown): Buffer => readFileSync(`${folder}/images/${String(name)}`);

/** What stands for each input of an item, by its kind and name. */
function valueOf(kind: string, name: string, row: Row): unknown {
  if (kind === 'vision') return bytesOf(row[name] ?? row['side']);
  if (kind === 'text') return row[name] ?? row['text'];
  if (kind === 'array') return row[name] ?? [row['age'], row['dose']];
  return row[name];
}

describe.each(['three_images', 'two_texts', 'text_scalars', 'image_numbers'])(
  'The learner %s of several inputs',
  (name) => {
    let runner: InProcessLearner;
    let service: OpenInferenceService;
    beforeAll(async () => {
      runner = await learnerRunner(`${folder}/${name}`);
      service = new OpenInferenceService(servedRunners({ [name]: runner }));
    });
    afterAll(async () => {
      service.close();
      await runner.close();
    });

    it('gives the same by the protocol as in process', async () => {
      const inputs = runner.description.inputs!;
      expect(service.modelMetadata(name, '').inputs.map((input) => input.name)).toEqual(
        inputs.map((input) => input.name),
      );
      const codec = itemCodecOf(name, runner.description);
      const row = rowOf(name);
      const item = Object.fromEntries(
        inputs.map((input) => [input.name, valueOf(input.kind, input.name, row)]),
      );
      const local = await runner.predict.run(sentItem(item));
      for (const each of [item, Object.values(item)]) {
        const sent = await codec.inputsOf(each);
        const { outputs } = await service.infer({
          modelName: name,
          modelVersion: '',
          inputs: sent,
        });
        expect(predictionsOf(outputs)).toStrictEqual([local]);
      }
      await expect(async () => codec.inputsOf('text')).rejects.toThrow(TensorValueError);
      const none = service.infer({ modelName: name, modelVersion: '', inputs: [] });
      await expect(none).rejects.toThrow(/The request has no items|missing/);
    });
  },
);

describe('A row for the getters of a learner', () => {
  it.each(['two_texts', 'text_scalars'])('gives the same for %s as in process', async (name) => {
    const runner = await learnerRunner(`${folder}/${name}`);
    const service = new OpenInferenceService(servedRunners({ [name]: runner }));
    const codec = itemCodecOf(name, runner.description);
    for (const row of [rowOf(name), { ...rowOf(name), text: 'soup' }]) {
      const inputs = await codec.inputsOf(row);
      const { outputs } = await service.infer({ modelName: name, modelVersion: '', inputs });
      expect(predictionsOf(outputs)).toStrictEqual([await runner.predict.run(sentItem(row))]);
    }
    const lacking = await codec.inputsOf({ nothing: 1 });
    const refused = service.infer({ modelName: name, modelVersion: '', inputs: lacking });
    await expect(refused).rejects.toThrow(InputError);
    service.close();
    await runner.close();
  });

  it('does not open files that it names', async () => {
    const runner = await learnerRunner(`${folder}/image_numbers`);
    const service = new OpenInferenceService(servedRunners({ images: runner }));
    const codec = itemCodecOf('images', runner.description);
    const inputs = await codec.inputsOf(rowOf('image_numbers'));
    const refused = service.infer({ modelName: 'images', modelVersion: '', inputs });
    await expect(refused).rejects.toThrow(InputError);
    service.close();
    await runner.close();
  });
});

describe('An input that names a file', () => {
  let runner: InProcessLearner;
  let service: OpenInferenceService;
  beforeAll(async () => {
    runner = await learnerRunner(`${folder}/three_images`);
    const vision = await learnerRunner('test/fixtures/vision/learners/classes');
    service = new OpenInferenceService(servedRunners({ three: runner, vision }));
  });
  afterAll(() => service.close());

  const bytes = (name: string, data: InferTensor['data']): InferTensor => {
    return { name, datatype: 'BYTES', shape: [data.length], data };
  };

  it.each(['package.json', 'file:///etc/passwd', `${folder}/images/a_0.png`, 'data:,a'])(
    'opens nothing: %s',
    async (path) => {
      for (const data of [[path], [new TextEncoder().encode(path)]]) {
        const names = runner.description.inputs!.map(({ name }) => name);
        const three = names.map((name) => bytes(name, data));
        const asked = [
          service.infer({ modelName: 'three', modelVersion: '', inputs: three }),
          service.infer({ modelName: 'vision', modelVersion: '', inputs: [bytes('image', data)] }),
        ];
        for (const answer of asked) await expect(answer).rejects.toThrow(InputError);
      }
    },
  );

  it('accepts an image as base64 text', async () => {
    const image = readFileSync('test/fixtures/vision/images/q90.jpg');
    const answers = await Promise.all(
      [image, image.toString('base64')].map((data) =>
        service.infer({ modelName: 'vision', modelVersion: '', inputs: [bytes('image', [data])] }),
      ),
    );
    expect(answers[1]).toEqual(answers[0]);
  });
});
