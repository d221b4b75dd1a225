import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MODELS_HOME } from './helpers/models-home.js';
import { textLearners } from './helpers/text-cases.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const [learner] = textLearners(join(root, 'test/fixtures/learners'));

const PREDICTS = `
  const { Learner } = await import('nestjs-vts/learner');
  const learner = await Learner.load(${JSON.stringify(learner!.file)});
  const [decoded] = await learner.predict('I really liked that movie!');
  await learner.release();
  console.log(JSON.stringify(decoded));`;

const RUNS = `
  const { fastai, ModelStore } = await import('nestjs-vts/serving');
  const store = new ModelStore(${JSON.stringify(MODELS_HOME)});
  const runner = (await fastai.get('fastai_sentiment:latest', { store })).toRunner({ workers: 1 });
  const [decoded] = await runner.predict.run('I really liked that movie!');
  await runner.close();
  console.log(JSON.stringify(decoded));`;

describe.runIf(process.platform === 'linux')('telemetry of onnxruntime', () => {
  let home: string;
  beforeEach(async () => void (home = await mkdtemp(join(tmpdir(), 'vts-home-'))));
  afterEach(() => rm(home, { recursive: true, force: true }));

  /** What onnxruntime leaves in the user's home where it collects. */
  async function leftBy(program: string, setting: string | undefined): Promise<string[]> {
    // Not as a module by --input-type, which worker threads would inherit and refuse.
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['-e', `(async () => {${program}})()`],
      {
        cwd: root,
        env: {
          ...process.env,
          HOME: home,
          XDG_CACHE_HOME: undefined,
          // onnxruntime collects nothing where it sees a CI.
          CI: undefined,
          ORT_DISABLE_TELEMETRY: setting,
        },
      },
    );
    expect(JSON.parse(stdout)).toBe('pos');
    return readdir(home);
  }

  it.each([
    ['a learner', PREDICTS],
    ['a runner, whose worker makes the session', RUNS],
  ])('%s keeps and sends nothing', async (_what, program) => {
    expect(await leftBy(program, undefined)).toEqual([]);
  });

  it('is on if the environment requests it', async () => {
    expect(await leftBy(PREDICTS, '0')).not.toEqual([]);
  });
});
