import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CorruptModelError, InvalidModelInfoError } from './errors.js';
import { ModelInfo, type ModelInfoFields } from './model-info.js';
import { parseModelYaml } from './model-yaml.js';
import { Tag } from './tag.js';
import { parseMicros } from './version.js';

const models = new URL('../../../test/fixtures/store/bentoml_home/models/', import.meta.url);
const fastaiYaml = readFileSync(
  new URL('fastai_sentiment/badg6khg4swh4ax4/model.yaml', models),
  'utf8',
);
const pytorchYaml = readFileSync(
  new URL('my_pytorch_model/bae63exg4swh4ax4/model.yaml', models),
  'utf8',
);

const fields: ModelInfoFields = {
  module: 'bentoml.fastai',
  labels: {},
  options: {},
  metadata: {},
  context: { frameworkName: 'fastai', frameworkVersions: {} },
  signatures: { predict: { batchable: false } },
  apiVersion: 'v1',
};
const TIME = parseMicros('2026-11-23T02:17:28.677310+00:00') ?? 0;
const create = (changes: Partial<ModelInfoFields>, tag = 'm:v1'): ModelInfo =>
  ModelInfo.create(Tag.parse(tag), { ...fields, ...changes }, TIME);

describe('a model.yaml of BentoML', () => {
  it('is read whole', () => {
    const info = parseModelYaml(pytorchYaml, '/m');
    expect(info.tag.toString()).toBe('my_pytorch_model:bae63exg4swh4ax4');
    expect(info.module).toBe('bentoml.pytorch');
    expect(info.context).toEqual({
      frameworkName: 'torch',
      frameworkVersions: { torch: '2.15.0' },
      bentomlVersion: '1.4.39',
      pythonVersion: '3.11.7',
    });
    expect(info.signatures).toEqual({ __call__: { batchable: true, batchDim: [0, 0] } });
    expect(info.options).toEqual({ partial_kwargs: {} });
    expect(info.apiVersion).toBe('v1');
    expect(info.creationTime.toISOString()).toBe('2026-11-23T02:17:28.699Z');
  });

  it('is written back byte for byte', () => {
    expect(parseModelYaml(fastaiYaml, '/m').toYaml()).toBe(fastaiYaml);
    expect(parseModelYaml(pytorchYaml, '/m').toYaml()).toBe(pytorchYaml);
  });

  it('equals our output for the same facts', () => {
    const info = ModelInfo.create(
      Tag.parse('my_pytorch_model:bae63exg4swh4ax4'),
      {
        module: 'bentoml.pytorch',
        labels: {},
        options: { partial_kwargs: {} },
        metadata: {},
        context: {
          frameworkName: 'torch',
          frameworkVersions: { torch: '2.15.0' },
          bentomlVersion: '1.4.39',
          pythonVersion: '3.11.7',
        },
        signatures: { __call__: { batchable: true } },
        apiVersion: 'v1',
      },
      parseMicros('2026-11-23T02:17:28.699819+00:00') ?? 0,
    );
    expect(info.toYaml()).toBe(pytorchYaml);
  });

  it('keeps unknown keys and comments when labels change', () => {
    const text = `# by hand\n${fastaiYaml}alias: {deep: [1, 2.50]} # kept\n`;
    const info = parseModelYaml(text, '/m').with({ labels: { team: 'nlp' } });
    expect(info.labels).toEqual({ team: 'nlp' });
    expect(info.toYaml()).toBe(
      text
        .replace('labels: {}', 'labels:\n  team: nlp')
        .replace('{deep: [1, 2.50]}', '{ deep: [ 1, 2.50 ] }'),
    );
    expect(parseModelYaml(info.toYaml(), '/m')).toEqual(info);
  });

  it('may lack keys with a default', () => {
    const info = parseModelYaml(
      'name: m\nversion: 1.10\ncreation_time: 2026-11-23T02:17:28Z\nlabels: {n: 1, b: yes, e: 1e5, z: 089, 2.10: 2.10}\nbentoml_version: 1.0.0\n',
      '/m',
    );
    expect(info.tag.toString()).toBe('m:1.10');
    expect(info.module).toBe('');
    expect(info.signatures).toEqual({});
    expect(info.labels).toEqual({ n: '1', b: 'yes', e: '1e5', z: '089', '2.10': '2.10' });
    expect(info.creationTime.getTime()).toBe(Date.UTC(2026, 10, 23, 2, 17, 28));
  });

  it('does not put names such as __proto__ on a prototype', () => {
    const evil = fastaiYaml
      .replace('labels: {}', 'labels: {__proto__: x, constructor: y}')
      .replace(
        'metadata: {}',
        'metadata: {__proto__: {polluted: 1}, a: {__proto__: {polluted: 1}}}',
      )
      .replace('  predict:', '  __proto__:');
    const info = parseModelYaml(evil, '/m');
    expect(Object.keys(info.labels)).toEqual(['__proto__', 'constructor']);
    expect(Object.keys(info.signatures)).toEqual(['__proto__']);
    expect((info.metadata as { polluted?: unknown }).polluted).toBeUndefined();
    expect((info.metadata['a'] as { polluted?: unknown }).polluted).toBeUndefined();
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it.each([
    ['', 'is not a map'],
    ['just text', 'is not a map'],
    ['a: [1', 'is not valid YAML'],
    ['a: *nowhere', 'is not valid YAML'],
    ['{}', 'name must be a name'],
    [fastaiYaml.replace('fastai_sentiment', 'Not A Name'), 'name must be a name'],
    [fastaiYaml.replace(/creation_time.*\n/, ''), 'creation_time is missing'],
    [
      fastaiYaml.replace(/creation_time.*\n/, 'creation_time: soon\n'),
      'creation_time must be an ISO',
    ],
    [fastaiYaml.replace('labels: {}', 'labels: [1]'), 'labels must be a map'],
    [fastaiYaml.replace('module: bentoml.fastai', 'module: 7'), 'module must be a string'],
    [
      fastaiYaml.replace('batchable: false', 'batchable: maybe'),
      'signatures.predict.batchable must be',
    ],
    [
      fastaiYaml.replace('batchable: false', 'batch_dim: [0, 1, 2]'),
      'signatures.predict.batch_dim must be',
    ],
  ])('is refused when wrong: %#', (text, problem) => {
    expect(() => parseModelYaml(text, '/models/m')).toThrow(CorruptModelError);
    expect(() => parseModelYaml(text, '/models/m')).toThrow(problem);
    expect(() => parseModelYaml(text, '/models/m')).toThrow('/models/m');
  });
});

describe('a new model.yaml', () => {
  it('has the order and style of BentoML', () => {
    const text = create({
      labels: { stage: 'yes', n: '012', when: '2026-11-23', ratio: '1_0', hours: '12:30' },
      metadata: {
        accuracy: 0.5,
        big: 1e21,
        tiny: 1e-7,
        list: [1, [true]],
        nested: { a: { b: 'ü😀' } },
      },
    }).toYaml();
    expect(text).toBe(`name: m
version: v1
module: bentoml.fastai
labels:
  stage: 'yes'
  n: '012'
  when: '2026-11-23'
  ratio: '1_0'
  hours: '12:30'
options: {}
metadata:
  accuracy: 0.5
  big: 1.0e+21
  tiny: 1.0e-7
  list:
  - 1
  - - true
  nested:
    a:
      b: "\\u00FC\\U0001F600"
context:
  framework_name: fastai
  framework_versions: {}
signatures:
  predict:
    batchable: false
api_version: v1
creation_time: '2026-11-23T02:17:28.677310+00:00'
`);
  });

  it('quotes versions that look like numbers', () => {
    expect(create({}, 'm:1.10').toYaml()).toContain("version: '1.10'");
    expect(create({}, 'm:123').toYaml()).toContain("version: '123'");
    expect(parseModelYaml(create({}, 'm:1e5').toYaml(), '/m').version).toBe('1e5');
  });

  it('reads back as it was', () => {
    const info = create({
      labels: { __proto__x: 'a: b # c', '': 'é' },
      metadata: {
        date: new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678)),
        bytes: new Uint8Array([0, 255]),
        big: 2n ** 40n,
        text: 'line\nbreak',
      },
      signatures: { predict: { batchable: true, batchDim: [1, 0] }, get_preds: {} },
    });
    const again = parseModelYaml(info.toYaml(), '/m');
    expect(again.labels).toEqual(info.labels);
    expect(again.signatures).toEqual({
      predict: { batchable: true, batchDim: [1, 0] },
      get_preds: { batchable: false, batchDim: [0, 0] },
    });
    expect(again.metadata['date']).toEqual(info.metadata['date']);
    expect([...(again.metadata['bytes'] as Uint8Array)]).toEqual([0, 255]);
    expect(again.metadata['big']).toBe(2 ** 40);
    expect(again.metadata['text']).toBe('line\nbreak');
    expect(again.creationMicros).toBe(TIME);
  });

  it('takes one number as the batch dimension of inputs and outputs', () => {
    const { signatures } = create({ signatures: { __call__: { batchable: true, batchDim: 1 } } });
    expect(signatures['__call__']?.batchDim).toEqual([1, 1]);
  });

  const circular: Record<string, never> = {};
  circular['self'] = circular as never;
  it.each<[Partial<Record<keyof ModelInfoFields, unknown>>, string]>([
    [{ labels: { n: 1 } }, 'labels.n must be a string'],
    [{ labels: ['a'] }, 'labels must be an object of strings'],
    [{ metadata: { a: null } }, 'metadata.a must be a string, number'],
    [{ metadata: { a: [{ b: () => 1 }] } }, 'metadata.a[0].b must be'],
    [{ metadata: { a: new Map() } }, 'not a Map'],
    [{ metadata: circular }, 'metadata.self contains itself'],
    [{ metadata: { d: new Date(Number.NaN) } }, 'metadata.d is not a valid date'],
    [{ signatures: ['predict'] }, 'signatures must be an object'],
    [{ signatures: { predict: true } }, 'signatures.predict must be an object'],
    [{ signatures: { predict: { batchable: 'yes' } } }, 'signatures.predict.batchable must be'],
    [{ signatures: { predict: { batchDim: 0.5 } } }, 'signatures.predict.batchDim must be'],
    [{ signatures: { predict: { batch_dim: 0 } } }, 'unknown key "batch_dim"'],
    [{ module: 7 }, 'module must be a string'],
    [
      { context: { frameworkName: 'fastai', frameworkVersions: { torch: 2 } } },
      'context.frameworkVersions.torch must be a string',
    ],
  ])('refuses %j', (changes, problem) => {
    const call = (): ModelInfo => create(changes as Partial<ModelInfoFields>);
    expect(call).toThrow(InvalidModelInfoError);
    expect(call).toThrow(problem);
  });
});
