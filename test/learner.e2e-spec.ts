import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LISTS_SCRIPTS, run } from './helpers/run-program.js';
import { textLearners } from './helpers/text-cases.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const [learner] = textLearners(join(root, 'test/fixtures/learners'));
const languageModel = join(root, 'test/fixtures/lm/untied/export.pkl.gz');

const PREDICTS = `
  const { Learner } = await import('nestjs-vts/learner');
  const learner = await Learner.load(${JSON.stringify(learner!.file)});
  const [decoded, , probs] = await learner.predict(${JSON.stringify(learner!.cases[0]!.input)});
`;

const STREAMS = `
  const { readFileSync } = await import('node:fs');
  const { gunzipSync } = await import('node:zlib');
  const { LMLearner, VtsError } = await import('nestjs-vts/learner');
  const model = await LMLearner.load(gunzipSync(readFileSync(${JSON.stringify(languageModel)})));
  const stream = model.predictStream('it was', 3, { seed: 1 });
  const words = [];
  for await (const word of stream) words.push(word);
`;

interface Outcome {
  readonly decoded: unknown;
  readonly probs: readonly number[];
}

function expectCase({ decoded, probs }: Outcome): void {
  const [expected] = learner!.cases;
  expect(decoded).toEqual(expected!.decoded);
  expect(probs).toHaveLength(expected!.probs.length);
  probs.forEach((value, i) => {
    expect(Math.abs(value - expected!.probs[i]!)).toBeLessThanOrEqual(learner!.tolerance);
  });
}

describe('nestjs-vts/learner', () => {
  it('predicts from a text, and loads nothing of other kinds, of Nest or of rxjs', async () => {
    const outcome = await run<Outcome & { scripts: string[] }>(
      root,
      `${LISTS_SCRIPTS} ${PREDICTS}
      console.log(JSON.stringify({ decoded, probs: [...probs.data], scripts: [...scripts] }));`,
    );
    expectCase(outcome);
    const loaded = outcome.scripts.filter((url) => url.startsWith('file:'));
    expect(loaded.some((url) => url.endsWith('/dist/lib/learner/index.js'))).toBe(true);
    expect(loaded.some((url) => url.includes('/dist/lib/learner/fastai/text/'))).toBe(true);
    const unwanted =
      /\/dist\/lib\/(nest|serving|cli|learner\/fastai\/(vision|tabular)|learner\/onnx\/lowering\/(timm\/|torchvision\/|vision\.js))|\/node_modules\/(@nestjs|@img|rxjs|sharp|arquero)\//;
    expect(loaded.filter((url) => unwanted.test(url))).toEqual([]);
  });

  it('loads rxjs when a stream is used as an Observable', async () => {
    const rxjsLoaded = `[...scripts].some((url) => url.includes('/node_modules/rxjs/'))`;
    const outcome = await run<{ words: string[]; before: boolean; piped: string[] }>(
      root,
      `${LISTS_SCRIPTS} ${STREAMS}
      const before = ${rxjsLoaded};
      const { from, isObservable, lastValueFrom, Observable, toArray } = await import('rxjs');
      const streams = [
        stream,
        from(stream),
        stream.pipe(),
        new Observable((subscriber) => stream.subscribe(subscriber)),
      ];
      const piped = [];
      for (const each of streams) {
        if (isObservable(each)) piped.push((await lastValueFrom(toArray()(each))).join(' '));
      }
      console.log(JSON.stringify({ words, before, piped }));`,
    );
    expect(outcome.before).toBe(false);
    expect(outcome.words.length).toBeGreaterThan(0);
    expect(outcome.piped).toEqual(Array(4).fill(outcome.words.join(' ')));
  });

  describe('with only its dependencies installed', () => {
    let folder: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'vts-learner-'));
      const modules = join(folder, 'node_modules');
      const self = join(modules, 'nestjs-vts');
      await mkdir(join(self, 'dist'), { recursive: true });
      await cp(join(root, 'dist/lib'), join(self, 'dist/lib'), { recursive: true });
      await cp(join(root, 'package.json'), join(self, 'package.json'));
      const { dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
        dependencies: Record<string, string>;
      };
      for (const name of Object.keys(dependencies)) {
        await mkdir(dirname(join(modules, name)), { recursive: true });
        await symlink(join(root, 'node_modules', name), join(modules, name));
      }
    });

    afterAll(() => rm(folder, { recursive: true, force: true }));

    it('predicts', async () => {
      expectCase(
        await run<Outcome>(
          folder,
          `${PREDICTS} console.log(JSON.stringify({ decoded, probs: [...probs.data] }));`,
        ),
      );
    });

    it('streams words, and says what an Observable needs', async () => {
      const outcome = await run<{ words: string[]; code: string; message: string }>(
        folder,
        `${STREAMS}
        let error;
        try { stream.subscribe(); } catch (thrown) { if (thrown instanceof VtsError) error = thrown; }
        console.log(JSON.stringify({ words, code: error?.code, message: error?.message }));`,
      );
      expect(outcome.words.length).toBeGreaterThan(0);
      expect(outcome.code).toBe('VTS_RXJS_MISSING');
      expect(outcome.message).toContain('npm install rxjs');
    });

    it('has types that compile without rxjs, whose own files are checked too', async () => {
      await writeFile(
        join(folder, 'main.mts'),
        `import { Learner, LMLearner, type Prediction } from 'nestjs-vts/learner';
        const learner = await Learner.load<string>('export.pkl');
        const [decoded]: Prediction = await learner.predict('good');
        const model = await LMLearner.load('export.pkl');
        for await (const word of model.predictStream('good')) word satisfies string;
        export { decoded };\n`,
      );
      const tsc = join(root, 'node_modules/typescript/bin/tsc');
      const types = `--types node --typeRoots ${join(root, 'node_modules/@types')}`.split(' ');
      const options = ['--module', 'nodenext', '--target', 'es2023', '--strict', '--noEmit'];
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [tsc, ...options, '--skipLibCheck', 'false', ...types, 'main.mts'],
        { cwd: folder },
      ).catch((error: { stdout: string }) => error);
      expect(stdout).toBe('');
    }, 120_000);
  });
});
