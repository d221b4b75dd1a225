import { describe, expect, it } from 'vitest';
import { dockerfile } from './image-files.js';

const NONE = { pip: false, conda: false };

describe('the Dockerfile', () => {
  it('uses slim Node, a user other than root, a health check and no Python', () => {
    const text = dockerfile({}, [], NONE);
    expect(text).toMatch(/^FROM node:22-slim\n/);
    expect(text).toMatch(/\nUSER node\n/);
    expect(text).toContain('HEALTHCHECK ');
    expect(text).toContain('RUN npm ci --omit=dev');
    expect(text).toMatch(/CMD \["node", "start\.mjs"\]\n$/);
    expect(text).not.toMatch(/python|pip|conda|apt-get/i);
    // The user is set after all that needs root.
    expect(text.lastIndexOf('RUN ')).toBeLessThan(text.indexOf('USER node'));
  });

  it('contains everything that the build file declares', () => {
    const text = dockerfile(
      {
        node: { version: '20' },
        docker: { system_packages: ['libgomp1'], env: [['A', '1']], setup_script: 'setup.sh' },
        envs: [
          { name: 'ALL', value: 'say "hi" to $HOME', stage: 'all' },
          { name: 'BUILD', value: 'b', stage: 'build' },
          { name: 'RUN', value: 'r', stage: 'runtime' },
        ],
        python: { packages: ['fastai'] },
      },
      [
        ['team', 'nlp'],
        ['two words', 'x'],
      ],
      { pip: true, conda: false },
    );
    expect(text).toMatch(/^FROM node:20-slim\n/);
    expect(text).toContain('LABEL team="nlp" "two words"="x"');
    expect(text).toContain('libgomp1 python3 python3-venv');
    expect(text).toContain('ARG ALL="say \\"hi\\" to \\$HOME"\nARG BUILD="b"');
    expect(text).toContain('ENV ALL="say \\"hi\\" to \\$HOME" RUN="r" A="1"');
    expect(text).toContain('pip install --no-cache-dir -r /tmp/requirements.txt');
    expect(text).toContain('COPY env/docker/setup_script');
    expect(dockerfile({ docker: { base_image: 'mine:1' } }, [], NONE)).toMatch(/^FROM mine:1\n/);
    expect(dockerfile({}, [], { pip: false, conda: true })).toContain('micromamba create');
  });

  it('is built in stages with --slim, without npm packages and programs in the result', () => {
    const envs = [{ name: 'TOKEN', value: 't', stage: 'build' as const }];
    const text = dockerfile({ envs }, [['team', 'nlp']], { ...NONE, slim: true });
    const [base = '', build = '', image = ''] = text.split(/^(?=FROM )/m);
    expect(base).toMatch(/^FROM node:22-slim AS base\n/);
    expect(base).toContain('LABEL team="nlp"');
    expect(build).toMatch(/^FROM base AS build\nARG TOKEN="t"\n/);
    const install = build.indexOf('RUN npm ci');
    expect(build.indexOf('RUN node slim.mjs node_modules')).toBeGreaterThan(install);
    expect(build.indexOf('RUN rm -rf vendor slim.mjs')).toBeGreaterThan(
      build.indexOf('COPY --chown=node:node . .'),
    );
    expect(image).toMatch(
      /^FROM base\nCOPY --from=build --chown=node:node \/home\/node\/app \.\/\n/,
    );
    expect(image).toMatch(
      /\nUSER node\nEXPOSE 3000\nHEALTHCHECK .*\nCMD \["node", "start\.mjs"\]\n$/,
    );
    expect(image).not.toContain('RUN ');
    expect(dockerfile({}, [], NONE)).not.toMatch(/slim\.mjs|AS base/);
  });
});
