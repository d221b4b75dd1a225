import { describe, expect, it } from 'vitest';
import { Program } from '../../onnx/tracing/program.js';
import { SourceFiles } from '../../python/source/index.js';
import { loadParser } from '../../python/source/syntax/parser.js';
import { ClassValue, type Value } from '../../python/values.js';
import { numpyNames } from './numpy/names.js';
import { ImageFiles } from './pil/image-files.js';
import { pilNames } from './pil/names.js';
import { transformNames } from './transforms/transform-classes.js';

const SOURCE = `
import albumentations as A
import torch, torch.nn as nn, torch.nn.functional as F
import os, sys, timm, torchvision
import matplotlib.pyplot as plt
from torch import nn, Tensor
from fastai.basics import *
from fastai.text.all import *
from fastai.tabular.all import *
import numpy as np
from functools import partial
from typing import *
from somewhere.else_ import *
import fastai.vision.all as fv
import fastai.torch_core
import fastai
from fastai.vision.all import *
from fastai.vision.all import Module as Short, RandTransform as Rand

class ByStar(Module): pass
class ByTorch(torch.nn.Module): pass
class ByAlias(fv.Module): pass
class ByFrom(Short): pass
class ByPath(fastai.torch_core.Module): pass
class Of(Transform): pass
class OfItems(fv.ItemTransform): pass
class OfRandom(Rand): pass
class OfDisplayed(DisplayedTransform): pass
def uses(): return partial(F.relu), np.pi, Optional, Tensor
def augments(): return A.Compose
class Annotated:
    def f(self, x: TensorImage, y: A.Compose) -> Learner: return 1
class OfCallback(Callback, Module): pass
def constants(): return [TK_REP, fv.UNK, imagenet_stats[0][1]]
def seeds(): set_seed(1)
def annotated(): return Annotated().f(1, 2)
`;

await loadParser();
const sources = await SourceFiles.read({ name: 'notebook.py', text: SOURCE });
const { names } = pilNames(new ImageFiles());
const programs = {
  'of a model': Program.of(),
  'of items': Program.of({ names: [names, numpyNames, transformNames()] }),
};

describe.each(Object.entries(programs))(
  'Imports of a notebook in a program %s',
  (kind, program) => {
    const { evaluator } = program;
    const named = (name: string): Value => sources.lookup(evaluator, '__main__', name) ?? null;

    it('define the classes that others derive from', () => {
      const base = evaluator.resolve('torch.nn.Module') as ClassValue;
      for (const name of ['ByStar', 'ByTorch', 'ByAlias', 'ByFrom', 'ByPath']) {
        expect((named(name) as ClassValue).isSubclassOf(base)).toBe(true);
      }
      if (kind === 'of a model') return;
      const Transform = evaluator.resolve('fasttransform.transform.Transform') as ClassValue;
      for (const name of ['Of', 'OfItems', 'OfRandom', 'OfDisplayed']) {
        expect((named(name) as ClassValue).isSubclassOf(Transform)).toBe(true);
      }
    });

    it('of fastai2, the name before the release, define the same', async () => {
      const text = SOURCE.replaceAll('fastai', 'fastai2');
      const older = await SourceFiles.read({ name: 'older.py', text });
      const base = evaluator.resolve('torch.nn.Module') as ClassValue;
      for (const name of ['ByStar', 'ByAlias', 'ByFrom', 'ByPath']) {
        const found = older.lookup(evaluator, '__main__', name) as ClassValue;
        expect(found.isSubclassOf(base)).toBe(true);
      }
    });

    it('of unknown packages fail when they are used', () => {
      expect(evaluator.call(named('annotated'), [])).toBe(1n);
      expect(evaluator.repr(evaluator.call(named('constants'), []))).toBe(
        "['xxrep', 'xxunk', 0.456]",
      );
      expect(named('OfCallback')).toBeInstanceOf(ClassValue);
      expect(() => evaluator.call(named('seeds'), [])).toThrow('fastai.torch_core.set_seed is not');
      expect(() => evaluator.call(named('augments'), [])).toThrow('the module albumentations');
      expect(() => evaluator.call(named('uses'), [])).not.toThrow(/Error: /);
    });
  },
);
