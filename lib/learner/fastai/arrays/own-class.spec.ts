import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadParser } from '../../python/source/syntax/parser.js';
import { PyGlobal } from '../../torch/index.js';
import { ArrayCode } from './array-code.js';
import { isArrayClass, isImageClass } from './own-class.js';

const ofFastai = (name: string): PyGlobal => new PyGlobal('fastai.torch_core', name);
const own = (name: string): PyGlobal => new PyGlobal('__main__', name);

describe('The class of a batch', () => {
  it.each([
    [ofFastai('TensorBase'), true, false],
    [ofFastai('TensorImage'), true, true],
    [ofFastai('TensorImageBW'), true, true],
    [ofFastai('TensorMask'), false, false],
    [new PyGlobal('numpy', 'ndarray'), true, false],
    [own('TensorAudio'), true, false],
    [new PyGlobal('pathlib', 'PosixPath'), false, false],
    [undefined, false, false],
  ])('%o', (type, isArray, isImage) => {
    expect([isArrayClass(type), isImageClass(type)]).toEqual([isArray, isImage]);
  });
});

describe('A class of the notebook, of which the file has the name', () => {
  let folder: string;
  let code: string;
  beforeAll(async () => {
    await loadParser();
    folder = await mkdtemp(join(tmpdir(), 'vts-class-'));
    code = join(folder, 'audio.py');
    await writeFile(
      code,
      `from fastai.torch_core import TensorBase, TensorImageBW
class TensorAudio(TensorBase): pass
class TensorStereo(TensorAudio): pass
class TensorSpec(TensorImageBW): pass
class Clip: pass
`,
    );
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(['TensorAudio', 'TensorStereo', 'TensorSpec'])('is %s of its code', async (name) => {
    const { tensorClass } = await opened({ code });
    expect(tensorClass(own(name)).name).toBe(name);
  });

  it('is refused without its code', async () => {
    const { tensorClass } = await opened({});
    expect(() => tensorClass(own('TensorAudio'))).toThrow(
      `The learner's items become "__main__.TensorAudio", a class whose code is not in the file; give its source`,
    );
  });

  it('is refused if it is not of tensors', async () => {
    const { tensorClass } = await opened({ code });
    expect(() => tensorClass(own('Clip'))).toThrow(
      `The learner's items become "__main__.Clip", which does not subclass fastai's TensorBase`,
    );
  });
});

async function opened(options: { code?: string }) {
  const program = await ArrayCode.open([], false, options);
  return { tensorClass: program.tensorClass.bind(program) };
}
