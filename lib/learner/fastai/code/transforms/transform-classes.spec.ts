import { describe, expect, it } from 'vitest';
import { Program } from '../../../onnx/tracing/program.js';
import { SourceFiles } from '../../../python/source/index.js';
import { loadParser } from '../../../python/source/syntax/parser.js';
import { Tuple, type Value } from '../../../python/values.js';
import { numpyNames } from '../numpy/names.js';
import { ImageFiles } from '../pil/image-files.js';
import { PilImage } from '../pil/image-value.js';
import { pilNames } from '../pil/names.js';
import { isForTraining, throughTransform, transformNames } from './transform-classes.js';

const SOURCE = `
from fasttransform.transform import Transform, ItemTransform
from fastai.vision.augment import RandTransform
from fastai.vision.core import PILImage, PILImageBW, PILMask

class Base(Transform):
    def encodes(self, x: PILMask): return x.rotate(90, expand=True)

class Both(Base):
    def encodes(self, x: PILImage): return x.convert('L')
    def encodes(self, x: PILImageBW): return x.crop((0, 0, 1, 1))

class Masks(Transform):
    def encodes(self, x: PILMask): return 1 / 0

class Training(Transform):
    split_idx = 0
    def encodes(self, x): return 1 / 0

class Validation(Transform):
    split_idx = 1
    def encodes(self, x: PILImage): return x.crop((0, 0, 2, 1))

class Items(ItemTransform):
    def encodes(self, xs): return [x.crop((0, 0, 1, 1)) for x in xs]

class Random(RandTransform):
    def encodes(self, x): return 1 / 0

class Always(RandTransform):
    split_idx = None
    def before_call(self, b, split_idx): self.idx = split_idx
    def encodes(self, x: PILImage): return x.crop((0, 0, self.idx + 2, 1))

class Sometimes(RandTransform):
    split_idx = None
    def encodes(self, x: PILImage): return x

class TypeDict:
    def __init__(self, d): self.d = d

# fastcore's own, up to fastai 2.7.
class TypeDispatch:
    def __init__(self, funcs, bases=()):
        self.funcs, self.bases = TypeDict({t: TypeDict({object: f}) for t, f in funcs.items()}), list(bases)

class Dispatched(Transform):
    width = 1
    encodes = TypeDispatch({PILImageBW: lambda self, x: x.crop((0, 0, self.width, 1))},
                           [TypeDispatch({PILImage: lambda self, x: x.crop((0, 0, self.width + 1, 1))})])

def own(x): return x.convert('L')
dispatched, of_function = Dispatched(), Transform()
of_function.encodes = TypeDispatch({PILImage: own})

both, masks, training, validation, items = Both(), Masks(), Training(), Validation(), Items()
random, always, sometimes = Random(), Always(), Sometimes(p=0.5)
`;

const { names, classes } = pilNames(new ImageFiles());
await loadParser();
const { evaluator } = Program.of({ names: [names, numpyNames, transformNames()] });
const sources = await SourceFiles.read({ name: 'notebook.py', text: SOURCE });
const named = (name: string): Value => sources.lookup(evaluator, '__main__', name) ?? null;
const image = (cls = classes.PILImage): PilImage =>
  new PilImage({ mode: 'RGB', width: 3, height: 2, data: new Uint8Array(18) }, cls);

function sizesOf(transform: string, item: Value): unknown {
  const made = throughTransform(evaluator, named(transform), item);
  const told = (value: Value): unknown => {
    if (value instanceof Tuple) return value.items.map(told);
    const { mode, width, height } = (value as PilImage).pixels;
    return [(value as PilImage).cls.name, mode, width, height];
  };
  return told(made);
}

describe('Transforms of source', () => {
  it('choose the method for the class of an item, also of those of a base', () => {
    expect(sizesOf('both', image())).toEqual(['PILImage', 'L', 3, 2]);
    expect(sizesOf('both', image(classes.PILImageBW))).toEqual(['PILImageBW', 'RGB', 1, 1]);
    expect(sizesOf('both', image(classes.PILMask))).toEqual(['PILMask', 'RGB', 2, 3]);
  });

  it("choose by fastcore's own dispatch, of the class, its bases or the object", () => {
    expect(sizesOf('dispatched', image(classes.PILImageBW))).toEqual(['PILImageBW', 'RGB', 1, 1]);
    expect(sizesOf('dispatched', image())).toEqual(['PILImage', 'RGB', 2, 1]);
    expect(sizesOf('dispatched', image(classes.PILMask))).toEqual(['PILMask', 'RGB', 3, 2]);
    expect(sizesOf('of_function', image())).toEqual(['PILImage', 'L', 3, 2]);
  });

  it('do not change an item that no method takes', () => {
    expect(sizesOf('masks', image())).toEqual(['PILImage', 'RGB', 3, 2]);
  });

  it('go through tuples item by item', () => {
    const pair = new Tuple([image(), image(classes.PILMask)]);
    expect(sizesOf('both', pair)).toEqual([
      ['PILImage', 'L', 3, 2],
      ['PILMask', 'RGB', 2, 3],
    ]);
  });

  it('get a whole tuple if they are for items', () => {
    const pair = new Tuple([image(), image()]);
    expect(sizesOf('items', pair)).toEqual([
      ['Image', 'RGB', 1, 1],
      ['Image', 'RGB', 1, 1],
    ]);
  });

  it('run according to their split', () => {
    expect(sizesOf('training', image())).toEqual(['PILImage', 'RGB', 3, 2]);
    expect(sizesOf('validation', image())).toEqual(['PILImage', 'RGB', 2, 1]);
    expect(isForTraining(evaluator, named('training'))).toBe(true);
    expect(isForTraining(evaluator, named('random'))).toBe(true);
    expect(isForTraining(evaluator, named('validation'))).toBe(false);
  });

  it('get the split before they run, and must not draw random numbers', () => {
    expect(sizesOf('always', image())).toEqual(['PILImage', 'RGB', 3, 1]);
    expect(() => sizesOf('sometimes', image())).toThrow('runs with probability 0.5 at inference');
  });
});
