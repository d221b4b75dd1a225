import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createClient } from '@hey-api/openapi-ts';
import { generateSource } from 'oazapfts';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { canStart, environmentOf, removeSetup } from './fuzz/sample-setup.js';
import { startSample, type SampleApp } from './helpers/sample-app.js';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const SAMPLES = ['01-fastai-sentiment', '03-tabular', '04-vision', '05-language-model', '09-jobs'];
const run = promisify(execFile);

const COMPILER_OPTIONS = {
  module: 'nodenext',
  target: 'es2023',
  lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'],
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true,
  rootDir: '.',
  outDir: 'out',
};

describe('Clients that generators make of the documents', () => {
  const running = new Map<string, SampleApp>();
  let folder: string;
  let compiled: Promise<unknown>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vts-clients-'));
    await symlink(`${ROOT}node_modules`, `${folder}/node_modules`);
    await mkdir(`${folder}/oazapfts`);
    for (const sample of SAMPLES) {
      const document = `${ROOT}sample/${sample}/openapi.json`;
      await createClient({
        input: document,
        output: { path: `${folder}/hey-api/${sample}`, module: { extension: '.js' } },
        plugins: ['@hey-api/typescript', '@hey-api/sdk', '@hey-api/client-fetch'],
        logs: { level: 'silent', file: false },
      });
      await writeFile(`${folder}/oazapfts/${sample}.ts`, await generateSource(document, {}));
    }
    for (const file of ['common', 'hey-api', 'oazapfts']) {
      await cp(`${ROOT}test/clients/${file}.ts`, `${folder}/${file}.ts`);
    }
    await writeFile(`${folder}/package.json`, '{"type":"module"}');
    const config = { compilerOptions: COMPILER_OPTIONS, files: ['hey-api.ts', 'oazapfts.ts'] };
    await writeFile(`${folder}/tsconfig.json`, JSON.stringify(config));
    compiled = run(process.execPath, [
      `${ROOT}node_modules/typescript/bin/tsc`,
      '-p',
      folder,
    ]).catch((error: { stdout: string }) => {
      throw new Error(error.stdout);
    });
    compiled.catch(() => undefined);
    for (const sample of SAMPLES.filter(canStart)) {
      const environment = await environmentOf(sample);
      for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
      running.set(sample, await startSample(sample));
      vi.unstubAllEnvs();
    }
  }, 180_000);

  afterAll(async () => {
    for (const { app } of running.values()) await app.close();
    await removeSetup();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(['hey-api', 'oazapfts'])(
    'compile, call the samples and read typed answers and errors: %s',
    async (generator) => {
      await compiled;
      const urls = [...running].map(([sample, { url }]) => [sample, url]);
      const { stdout } = await run(process.execPath, [`${folder}/out/${generator}.js`], {
        cwd: ROOT,
        env: { ...process.env, SAMPLE_URLS: JSON.stringify(Object.fromEntries(urls)) },
      });
      const results = JSON.parse(stdout) as Record<string, unknown>;
      const [neg, pos] = results['probabilities'] as [number, number];
      expect(neg + pos).toBeCloseTo(1, 4);
      expect(pos).toBeGreaterThan(0.5);
      const three = [expect.any(Number), expect.any(Number), expect.any(Number)];
      expect(results).toMatchObject({
        table: [three, three],
        name: 'circle',
        compared: true,
        text: expect.stringMatching(/^i really liked\b/i),
        error: {
          statusCode: 400,
          message: expect.stringContaining('nWords must not be greater than 500'),
          error: 'Bad Request',
        },
        status: 200,
      });
      if (canStart('09-jobs')) {
        const { result } = results['jobs'] as { result: string };
        expect(result).toMatch(/^i really liked\b/i);
        expect(results['jobs']).toEqual({
          state: 'succeeded',
          failure: null,
          result,
          direct: result,
          notYet: 409,
          events: 'cancelled',
          gone: 410,
          mask: 202,
        });
      }
      if (generator === 'hey-api') expect(results['png']).toEqual([...Buffer.from('PNG')]);
    },
    180_000,
  );
});
