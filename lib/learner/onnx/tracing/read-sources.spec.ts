import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readSources, sharingCode } from './read-sources.js';

it('reads the files of one learner once, and those of another again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vts-sources-'));
  const code = join(folder, 'model.py');
  try {
    await writeFile(code, 'x = 1\n');
    const options = sharingCode({ code });
    const first = await readSources(options.code);
    await writeFile(code, 'x = 2\n');
    expect(await readSources(options.code)).toBe(first);
    const other = await readSources(sharingCode({ code }).code);
    expect(other?.fingerprint).not.toBe(first?.fingerprint);
    expect((await readSources(code))?.fingerprint).toBe(other?.fingerprint);
  } finally {
    await rm(folder, { recursive: true });
  }
  expect(sharingCode({ code: undefined })).toEqual({ code: undefined });
  expect(await readSources(undefined)).toBeUndefined();
});
