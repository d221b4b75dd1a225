import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../learner/errors/index.js';
import type { InferTensor, TensorMetadata } from '../../client/protocol/messages.js';
import {
  learnerRunner,
  servedRunners,
  type InProcessLearner,
} from '../../../test/helpers/served-runners.js';
import { OpenInferenceService } from './service.js';
import { itemCodecOf } from './tensors/item-codec.js';
import { predictionsOf } from './tensors/prediction.js';
import { learnerOf } from './tensors/properties.js';

interface Case {
  readonly input: unknown;
}

/** Numbers that JSON has not are written as { float: 'nan' }. */
function revive(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('float' in value)) return value;
  return value.float === 'nan' ? NaN : value.float === 'inf' ? Infinity : -Infinity;
}

const casesOf = (file: string): unknown[] => {
  const { cases } = JSON.parse(readFileSync(file, 'utf8'), revive) as { cases: Case[] };
  return cases.map(({ input }) => input);
};
const namesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .sort();

const FIXTURES = 'test/fixtures';
const picture = (name: string): Buffer => readFileSync(`${FIXTURES}/vision/images/${name}`);
const texts = ['I really liked that movie!', 'awful, awful', ''];
const images = ['q90.jpg', 'rgb.bmp', 'grey.png', 'alpha.png'].map(picture);
const pixels = { data: Uint8Array.from({ length: 24 }, (_, i) => i * 9), width: 4, height: 2 };

/** A learner, items that it takes, and those of them that it refuses. */
type Kind = readonly [name: string, path: string, items: () => readonly unknown[]];

const KINDS: readonly Kind[] = [
  ...namesIn(`${FIXTURES}/learners`).map((name): Kind => [
    name,
    `${FIXTURES}/learners/${name}`,
    () => texts,
  ]),
  ...namesIn(`${FIXTURES}/tabular`)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.replace('.json', ''))
    .map((name): Kind => {
      const path = `${FIXTURES}/tabular/${name}`;
      return [name, `${path}.pkl`, () => casesOf(`${path}.json`)];
    }),
  ...namesIn(`${FIXTURES}/arrays/learners`).map((name): Kind => {
    const path = `${FIXTURES}/arrays/learners/${name}`;
    return [name, path, () => casesOf(`${path}/cases.json`)];
  }),
  ...namesIn(`${FIXTURES}/vision/learners`).map((name): Kind => {
    const items = [...images, { ...pixels, channels: 3 }, { ...pixels, width: 3, channels: 4 }];
    return [name, `${FIXTURES}/vision/learners/${name}`, () => items];
  }),
];

const metadataOf = ({ name, datatype, shape }: InferTensor): TensorMetadata => {
  return { name, datatype, shape };
};

describe.each(KINDS)('The learner %s', (name, path, itemsOf) => {
  let runner: InProcessLearner;
  let service: OpenInferenceService;
  beforeAll(async () => {
    runner = await learnerRunner(path);
    service = new OpenInferenceService(servedRunners({ [name]: runner }));
  });
  afterAll(async () => {
    service.close();
    await runner.close();
  });

  it('gives the same by the protocol as in process, bit by bit', async () => {
    const metadata = service.modelMetadata(name, '');
    const learner = learnerOf(metadata.properties)!;
    expect(learner).toEqual({ description: runner.description, vocab: runner.vocab });
    const codec = itemCodecOf(name, learner.description);
    let answered = 0;
    for (const item of itemsOf()) {
      const local = await runner.predict.run(item).catch((error: unknown) => error);
      const inputs = await codec.inputsOf(item);
      const answer = service.infer({ modelName: name, modelVersion: '', inputs });
      if (local instanceof Error) {
        expect(local).toBeInstanceOf(InputError);
        await expect(answer).rejects.toThrow(local.message);
        continue;
      }
      answered++;
      const { outputs } = await answer;
      expect(predictionsOf(outputs)).toStrictEqual([local]);
      expect(outputs.map(metadataOf)).toEqual(
        service.modelMetadata(name, '').outputs.map(({ name: output, datatype, shape }) => {
          const given = outputs.find((each) => each.name === output)!;
          const sizes = shape.map((size, axis) => (size === -1 ? given.shape[axis] : size));
          return { name: output, datatype, shape: sizes };
        }),
      );
      const parametersOf = (list: readonly TensorMetadata[]) =>
        list.map(({ parameters }) => parameters);
      expect(parametersOf(outputs)).toEqual(parametersOf(service.modelMetadata(name, '').outputs));
    }
    expect(answered).toBeGreaterThan(0);
  });
});
