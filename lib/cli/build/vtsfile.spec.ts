import { describe, expect, it } from 'vitest';
import { BuildFileError } from '../errors.js';
import { parseVtsfile } from './vtsfile.js';

const problemsOf = (text: string): string[] => {
  try {
    parseVtsfile(text, 'vtsfile.yaml');
  } catch (error) {
    expect(error).toBeInstanceOf(BuildFileError);
    return (error as BuildFileError).problems.map(({ line, message }) => `${line}: ${message}`);
  }
  return [];
};

describe('vtsfile.yaml', () => {
  it('is read with all of its keys', () => {
    const file = parseVtsfile(
      `service: src/app.module.ts:AppModule
name: sentiment
description: Reviews.
labels: { team: nlp, year: 2026 }
include: [src, '*.json']
exclude: ['*.spec.ts']
models: [a:latest, { tag: b:v1 }]
envs:
  - { name: GREETING, value: hello }
  - { name: TOKEN, value: 1, stage: build }
node: { version: 22.12 }
docker:
  system_packages: [libgomp1]
  env: [A=1, B=x=y]
python:
  packages: [fastai]
  extra_index_url: https://example.org/simple
conda:
  channels: [fastchan]
  dependencies: [fastai, { pip: [spacy] }]
`,
      'vtsfile.yaml',
    );
    expect(file).toEqual({
      service: 'src/app.module.ts:AppModule',
      name: 'sentiment',
      description: 'Reviews.',
      labels: [
        ['team', 'nlp'],
        ['year', '2026'],
      ],
      include: ['src', '*.json'],
      exclude: ['*.spec.ts'],
      models: ['a:latest', 'b:v1'],
      envs: [
        { name: 'GREETING', value: 'hello', stage: 'all' },
        { name: 'TOKEN', value: '1', stage: 'build' },
      ],
      node: { version: '22.12' },
      docker: {
        system_packages: ['libgomp1'],
        env: [
          ['A', '1'],
          ['B', 'x=y'],
        ],
      },
      python: { packages: ['fastai'], extra_index_url: ['https://example.org/simple'] },
      conda: { channels: ['fastchan'], dependencies: ['fastai', { pip: ['spacy'] }] },
    });
  });

  it('is refused for unknown keys, with their lines', () => {
    expect(problemsOf('service: a.js\nfoo: 1\npython:\n  packags: [x]\n')).toEqual([
      expect.stringMatching(/^2: "foo" is not a known key \(known: service, name/),
      expect.stringMatching(/^4: "python\.packags" is not a known key \(known: packages/),
    ]);
  });

  it.each([
    ['service: [a]', '1: service must be a string, not a list'],
    ['service: a.js\nmodels: m', '2: models must be a list, not "m"'],
    ['service: a.js\nmodels:\n  - a\n  -\n', '3: models[1] is empty'],
    ['service: a.js\nlabels:\n  a: [1]', '3: labels.a must be a string, not a list'],
    ['service: a.js\nlabels: text', '2: labels must be a map of strings, not "text"'],
    ['service: a.js\ndocker: []', '2: docker must be a map, not a list'],
    ['service: a.js\nenvs:\n  - value: 1', '3: envs[0] needs a name'],
    [
      'service: a.js\nenvs:\n  - { name: A, stage: now }',
      '3: envs[0].stage must be all, build or runtime',
    ],
    ['service: a.js\nname: No Name', '2: name is "No Name"; use 1 to 63'],
    ['service: a.js\nversion: latest', '2: version cannot be "latest"'],
    ['service: service:svc', '1: service is "service:svc", a Python module'],
    ['service: a.js\npython:\n  no_index: 1', '3: python.no_index must be true or false, not 1'],
    ['description: x', '1: it names neither a service nor a model'],
    ['', '1: it names neither a service nor a model'],
    ['- a', '1: the file must be a map, not a list'],
    ['service: a.js\nb: [', '2: Flow sequence'],
    ['a: 1\na: 2', '2: Map keys must be unique'],
  ])('is refused for %j', (text, problem) => {
    expect(problemsOf(text)[0]).toContain(problem);
  });
});
