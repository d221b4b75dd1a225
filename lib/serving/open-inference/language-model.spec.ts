import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../learner/errors/index.js';
import type { Parameters } from '../../client/protocol/messages.js';
import type { GenerateResponse } from '../../client/contract.js';
import { languageRunner, servedRunners } from '../../../test/helpers/served-runners.js';
import type { LanguageModelRunner } from '../models/fastai/types.js';
import { ModelNotServableError } from './errors.js';
import { OpenInferenceService } from './service.js';

const options = { nWords: 12, temperature: 0.8, seed: 7 };
const parameters: Parameters = { n_words: 12n, temperature: 0.8, seed: 7 };

describe('A language model', () => {
  let runner: LanguageModelRunner;
  let service: OpenInferenceService;
  beforeAll(async () => {
    runner = await languageRunner('test/fixtures/lm/untied');
    service = new OpenInferenceService(servedRunners({ lm: runner }));
  });
  afterAll(async () => {
    service.close();
    await runner.close();
  });

  const ask = (text: string, more: Parameters = parameters) => ({
    modelName: 'lm',
    modelVersion: '',
    id: '1',
    text,
    parameters: more,
  });
  const pieces = async (stream: AsyncIterable<GenerateResponse>): Promise<string[]> => {
    const texts: string[] = [];
    for await (const { text } of stream) texts.push(text);
    return texts;
  };

  it('continues texts by inference', async () => {
    const texts = ['I really liked', 'the film', ''];
    const { outputs } = await service.infer({
      modelName: 'lm',
      modelVersion: '',
      parameters: { nWords: 12, temperature: 0.8, seed: 7 },
      inputs: [{ name: 'text_input', datatype: 'BYTES', shape: [3], data: texts }],
    });
    const local = await Promise.all(texts.map((text) => runner.predict.run(text, options)));
    expect(outputs).toMatchObject([
      { name: 'text_output', datatype: 'BYTES', shape: [3], data: local },
    ]);
  });

  it.each(['I really liked', ''])('continues "%s", as a whole and in pieces', async (text) => {
    const whole = await runner.predict.run(text, options);
    const answer = { modelName: 'lm', modelVersion: '1', id: '1', text: whole };
    expect(await service.generate(ask(text))).toEqual(answer);
    const added = await pieces(service.generateStream(ask(text)));
    const prompt = await runner.predict.run(text, { nWords: 0 });
    expect(added.length).toBeGreaterThan(1);
    expect(prompt + added.join('')).toBe(whole);
  });

  it('ends before a stop', async () => {
    const whole = await runner.predict.run('I really liked', options);
    const [, , , , stop = ''] = whole.split(' ');
    const asked = { ...parameters, stop };
    const { text } = await service.generate(ask('I really liked', asked));
    expect(whole.startsWith(text)).toBe(true);
    expect(text.split(' ').slice(3)).not.toContain(stop);
    const added = await pieces(service.generateStream(ask('I really liked', asked)));
    expect((await runner.predict.run('I really liked', { nWords: 0 })) + added.join('')).toBe(text);
  });

  it.each<[Parameters, RegExp]>([
    [{ tokens: 3 }, /"tokens" is not an option/],
    [{ n_words: 3, nWords: 4 }, /another name/],
    [{ n_words: 1e6 }, /up to 10000/],
    [{ n_words: 'many' }, /nWords/],
    [{ temperature: 0 }, /temperature/],
    [{ stop: 3 }, /"stop"/],
    [{ __proto__: 1, constructor: 'x' } as Parameters, /constructor/],
  ])('refuses %j at once', async (given, message) => {
    await expect(service.generate(ask('a', given))).rejects.toThrow(message);
    expect(() => service.generateStream(ask('a', given))).toThrow(InputError);
  });

  it('ignores parameters that clients add themselves', async () => {
    const more = { ...parameters, binary_data_output: true, sequence_id: 4n, stream: true };
    expect(await service.generate(ask('the', more))).toEqual(await service.generate(ask('the')));
  });

  it('does not generate text with a model that predicts', async () => {
    const other = new OpenInferenceService(
      servedRunners({
        lm: { ...runner, tag: 'x', description: { kind: 'text', task: 'classify' } } as never,
      }),
    );
    await expect(other.generate(ask('a'))).rejects.toThrow(ModelNotServableError);
    other.close();
  });
});
