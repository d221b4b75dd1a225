import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SLIM } from './slim.js';

const OWN = `${process.platform}/${process.arch}`;
const ONNXRUNTIME = 'nestjs-vts/dist/lib/vendor/onnxruntime-node';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-slim-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function installed(...files: string[]): Promise<void> {
  for (const file of files) {
    await mkdir(dirname(join(folder, 'node_modules', file)), { recursive: true });
    await writeFile(join(folder, 'node_modules', file), 'x'.repeat(2 ** 20));
  }
}

function slim(): string {
  const args = ['--input-type=module', '-e', SLIM, '--', 'node_modules'];
  return execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
}

const left = async (): Promise<string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(`${folder}/node_modules/`.length))
    .toSorted();
};

describe('what slims an image', () => {
  it('keeps the binaries of this platform and everything else', async () => {
    const kept = [
      `${ONNXRUNTIME}/bin/napi-v6/${OWN}/onnxruntime_binding.node`,
      `${ONNXRUNTIME}/dist/index.js`,
      'nestjs-vts/dist/lib/vendor/nest/core.js',
      `app/node_modules/onnxruntime-node/bin/napi-v6/${OWN}/a.node`,
      `@img/sharp-${process.platform}-${process.arch}/a.node`,
      '@img/colour/index.js',
      'rxjs/bin/napi-v6/other/x64/a',
    ];
    await installed(
      ...kept,
      `${ONNXRUNTIME}/bin/napi-v6/aix/x64/a.node`,
      `${ONNXRUNTIME}/bin/napi-v6/${process.platform}/mips/a.node`,
      'app/node_modules/onnxruntime-node/bin/napi-v6/aix/ppc64/a.node',
      '@img/sharp-libvips-aix-x64/a.so',
      `@img/sharp-${process.platform}-mips/a.node`,
    );
    expect(slim()).toContain('Removed 5 MiB');
    expect(await left()).toEqual(kept.toSorted());
  });

  it('keeps the C library of the image, not the other one', async () => {
    const { header } = process.report.getReport() as {
      header: { glibcVersionRuntime?: string };
    };
    const musl = header.glibcVersionRuntime === undefined;
    const [own, other] = musl ? ['linuxmusl', 'linux'] : ['linux', 'linuxmusl'];
    await installed(`@img/sharp-${own}-x64/a`, `@img/sharp-libvips-${other}-x64/a`);
    slim();
    const here = process.platform === 'linux' && process.arch === 'x64';
    expect(await left()).toEqual(here ? [`@img/sharp-${own}-x64/a`] : []);
  });

  it('removes the copy of Nest if the application has its own', async () => {
    const nest = ['@nestjs/common/a', '@nestjs/core/a', '@nestjs/platform-express/a', 'rxjs/a'];
    const own = `${ONNXRUNTIME}/bin/napi-v6/${OWN}/a.node`;
    await installed(...nest, 'reflect-metadata/a', own, 'nestjs-vts/dist/lib/vendor/nest/core.js');
    expect(slim()).toContain('Removed 1 MiB');
    expect(await left()).toEqual([...nest, 'reflect-metadata/a', own].toSorted());
  });

  it('fails if no binary is for this platform', async () => {
    await installed(`${ONNXRUNTIME}/bin/napi-v6/aix/x64/a.node`);
    expect(slim).toThrow(`onnxruntime has no binary for ${OWN.replace('/', ' ')}`);
  });
});
