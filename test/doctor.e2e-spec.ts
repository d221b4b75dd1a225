import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { vts } from './helpers/vts.js';

const fixture = (path: string): string =>
  fileURLToPath(new URL(`./fixtures/${path}`, import.meta.url));

interface Diagnosis {
  kind?: string;
  servable: boolean;
  findings: { part: string; code: string; message: string }[];
  passed: string[];
  notes: string[];
}

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'vts-doctor-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A file of the fixtures, unpacked. */
async function unpacked(path: string): Promise<string> {
  if (!/\.(gz|br)$/.test(path)) return fixture(path);
  const bytes = await readFile(fixture(path));
  const file = join(folder, path.replaceAll('/', '-').replace(/\.(gz|br)$/, ''));
  await writeFile(file, path.endsWith('.br') ? brotliDecompressSync(bytes) : gunzipSync(bytes));
  return file;
}

async function diagnose(file: string): Promise<Diagnosis> {
  const { code, stdout, stderr } = await vts(['doctor', file, '-o', 'json']);
  const diagnosis = JSON.parse(stdout) as Diagnosis;
  expect([code, stderr]).toEqual([diagnosis.servable ? 0 : 1, '']);
  return diagnosis;
}

describe('vts doctor', () => {
  it('lists everything that prevents serving a text learner', async () => {
    const { findings, passed, kind } = await diagnose(await unpacked('doctor/text.pkl.gz'));
    expect(kind).toBe('text');
    expect(findings.map(({ part, code }) => [part, code])).toEqual([
      ['tokenizer', 'VTS_UNKNOWN_TEXT_RULE'],
      ['tokenizer', 'VTS_UNKNOWN_TEXT_RULE'],
      ['loss', 'VTS_UNKNOWN_LOSS'],
      ['model', 'VTS_UNSUPPORTED_MODULE'],
    ]);
    const [first, second, loss, model] = findings.map(({ message }) => message);
    expect([first, second]).toEqual([
      expect.stringContaining('"notebook_code.drop_hash"'),
      expect.stringContaining('"notebook_code.shorten"'),
    ]);
    expect(loss).toMatch(/"notebook_code\.TiltedLoss".*activation: 'softmax'/);
    // Every place of every class, and what to do about them once.
    expect(model).toMatch(/Shout \("1\.layers\.shout", "1\.layers\.shout_again"\)/);
    expect(model).toMatch(/Whisper \("1\.layers\.whisper"\).*torch\.onnx\.export/);
    expect(passed).toEqual(['file', 'learner', 'kind', 'inputs', 'transforms', 'target']);
  });

  it('lists everything that prevents serving a tabular learner', async () => {
    const { findings, notes } = await diagnose(await unpacked('doctor/rows.pkl.gz'));
    expect(findings).toEqual([
      { part: 'transforms', code: expect.any(String), message: expect.stringContaining('Squeeze') },
      { part: 'transforms', code: expect.any(String), message: expect.stringContaining('Stretch') },
      { part: 'loss', code: 'VTS_UNKNOWN_LOSS', message: expect.stringContaining('TiltedLoss') },
    ]);
    expect(notes).toEqual([expect.stringContaining('The model was not tried')]);
  });

  it('lists the code that the file only names', async () => {
    const { findings } = await diagnose(await unpacked('code/learners/named/export.pkl.br'));
    expect(findings).toEqual([
      {
        part: 'transforms',
        code: 'VTS_UNSUPPORTED_LEARNER',
        message: expect.stringContaining('SquarePad'),
      },
      { part: 'loss', code: 'VTS_UNKNOWN_LOSS', message: expect.stringContaining('ModuleLoss') },
    ]);
  });

  it.each<[path: string, part: string, code: string]>([
    ['refused/custom_layer.pkl', 'model', 'VTS_UNSUPPORTED_MODULE'],
    ['refused/version_one.pkl', 'file', 'VTS_FASTAI_VERSION'],
    ['refused/weights.pkl', 'learner', 'VTS_NOT_A_LEARNER'],
    ['learners/base_tokenizer/cases.json', 'file', 'VTS_NOT_A_TORCH_FILE'],
  ])('says for %s what is wrong with its %s', async (path, part, code) => {
    const { findings } = await diagnose(await unpacked(path));
    expect(findings).toEqual([{ part, code, message: expect.stringMatching(/^.{40,}\.$/) }]);
  });

  it.each<[name: string, content: string | Buffer, reason: string]>([
    ['lfs.pkl', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n', 'git lfs pull'],
    ['page.pkl', '<!doctype html><title>404</title>', 'an HTML page'],
    ['empty.pkl', '', 'it is empty'],
  ])('says for %s what it is', async (name, content, reason) => {
    const file = join(folder, name);
    await writeFile(file, content);
    const { findings } = await diagnose(file);
    expect(findings).toEqual([
      { part: 'file', code: 'VTS_NOT_A_TORCH_FILE', message: expect.stringContaining(reason) },
    ]);
  });

  it('says that a file is cut off', async () => {
    const whole = await readFile(fixture('learners/base_tokenizer/export.pkl'));
    const file = join(folder, 'cut.pkl');
    await writeFile(file, whole.subarray(0, whole.length / 2));
    const { findings } = await diagnose(file);
    expect(findings).toHaveLength(1);
    expect(findings[0]!.part).toBe('file');
  });

  it.each([
    'learners/base_tokenizer/export.pkl',
    'learners/multi_label/export.pkl',
    'tabular/typed.pkl.gz',
    'tabular/collab_neural.pkl.gz',
    'vision/learners/classes/export.pkl.br',
    'vision/learners/mask/export.pkl.br',
    'vision/learners/points/export.pkl.br',
    'lm/untied/export.pkl.gz',
  ])('finds nothing in %s, which predicts', async (path) => {
    const { servable, findings, passed } = await diagnose(await unpacked(path));
    expect([servable, findings]).toEqual([true, []]);
    expect(passed).toContain('prediction');
  });

  it('says how to use a model without a learner', async () => {
    const { servable, kind, notes } = await diagnose(fixture('refused/bare_model.pkl'));
    expect([servable, kind]).toEqual([true, 'module']);
    expect(notes).toEqual([expect.stringContaining('takes and returns tensors')]);
  });

  it('is a list for people', async () => {
    const file = await unpacked('doctor/rows.pkl.gz');
    const { code, stdout } = await vts(['doctor', file]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✓ file, learner, kind/);
    expect(stdout.match(/^✗ (transforms|loss) .*\.$/gm)).toHaveLength(3);
    expect(stdout).toMatch(/\n3 problems prevent serving it\.\n$/);
  });
});
