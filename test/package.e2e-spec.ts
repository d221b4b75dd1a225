import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { LISTS_SCRIPTS, run } from './helpers/run-program.js';

const root = fileURLToPath(new URL('../', import.meta.url));

/** Packages that only some applications need, or not before something is asked of them. */
const LATE = [
  '@fastify/busboy',
  '@nestjs/swagger',
  '@opentelemetry/api',
  'arquero',
  'class-transformer',
  'class-validator',
  'hyparquet',
  'hyparquet-writer',
  'onnxruntime-node',
  'papaparse',
  'prom-client',
  'sharp',
  'swagger-ui-dist',
  'yaml',
];

describe('the published package', () => {
  it('is imported in a few files, without unused code', async () => {
    const loaded = await run<string[]>(
      root,
      `${LISTS_SCRIPTS}
      await import('nestjs-vts');
      console.log(JSON.stringify([...scripts]));`,
    );
    const own = loaded.filter((url) => url.includes('/dist/lib/'));
    expect(own.length).toBeGreaterThan(1);
    expect(own.length).toBeLessThan(110);
    const late = LATE.filter((name) =>
      loaded.some((url) => url.includes(`/node_modules/${name}/`)),
    );
    expect(late).toEqual([]);
  });

  it('makes the metadata of endpoints without @nestjs/swagger', async () => {
    const facts = await run<{ loaded: boolean; summary: string }>(
      root,
      `${LISTS_SCRIPTS}
      const { Text, VtsApi } = await import('nestjs-vts');
      class Endpoints { answer() {} }
      const method = Object.getOwnPropertyDescriptor(Endpoints.prototype, 'answer');
      VtsApi({ input: Text, output: Text, summary: 'Told.' })(Endpoints.prototype, 'answer', method);
      const loaded = [...scripts].some((url) => url.includes('/@nestjs/swagger/'));
      const { summary } = Reflect.getMetadata('swagger/apiOperation', Endpoints.prototype.answer);
      console.log(JSON.stringify({ loaded, summary }));`,
    );
    expect(facts).toEqual({ loaded: false, summary: 'Told.' });
  });

  it('has classes under their own names, the same ones at every path', async () => {
    const facts = await run<{ names: [string, string][]; others: string[] }>(
      root,
      `const all = await import('nestjs-vts');
      const parts = [];
      for (const name of ['learner', 'serving', 'runnable']) {
        parts.push(await import('nestjs-vts/' + name));
      }
      const isClass = (value) => typeof value === 'function' && /^class\\b/.test(String(value));
      const names = Object.entries(all).filter(([, value]) => isClass(value));
      const others = parts.flatMap((part) =>
        Object.keys(part).filter((name) => part[name] !== all[name]));
      console.log(JSON.stringify({ names: names.map(([key, { name }]) => [key, name]), others }));`,
    );
    expect(facts.names.length).toBeGreaterThan(50);
    expect(facts.names.filter(([key, name]) => key !== name)).toEqual([]);
    expect(facts.others).toEqual([]);
  });

  it('leads from its files to the TypeScript', async () => {
    const stack = await run<string>(
      root,
      `const { Learner } = await import('nestjs-vts/learner');
      const error = await Learner.load('no such file').catch((reason) => reason);
      console.log(JSON.stringify(error.stack));`,
      ['--enable-source-maps'],
    );
    const [, file = '', line = ''] =
      /(\/[^\s()]+\/lib\/learner\/[\w/-]+\.ts):(\d+)/.exec(stack) ?? [];
    const text = await readFile(resolve(root, file), 'utf8');
    expect(text.split('\n')[Number(line) - 1]).toMatch(/\S/);
    const map = JSON.parse(await readFile(join(root, 'dist/lib/cli/main.js.map'), 'utf8')) as {
      sources: string[];
      sourcesContent: string[];
    };
    expect(map.sources).toEqual(['../../../lib/cli/main.ts']);
    expect(map.sourcesContent).toEqual([await readFile(join(root, 'lib/cli/main.ts'), 'utf8')]);
  });
});
