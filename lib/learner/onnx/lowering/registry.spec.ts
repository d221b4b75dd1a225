import { expect, it } from 'vitest';
import { Module, PyDict, PyGlobal, PyObject } from '../../torch/index.js';
import { allLowerings, loadLowerings, lowerings } from './registry.js';

/** A module of a class, with others in it. */
function record(className: string, ...children: readonly PyObject[]): PyObject {
  const dot = className.lastIndexOf('.');
  const object = new PyObject(new PyGlobal(className.slice(0, dot), className.slice(dot + 1)));
  object.attrs.set('_modules', PyDict.from(children.map((child, i) => [String(i), child])));
  return object;
}

const load = (...classes: readonly string[]): Promise<void> => {
  const children = classes.map((name) => record(name));
  return loadLowerings(Module.from(record('torch.nn.modules.container.ModuleList', ...children))!);
};

/** Python packages of the classes that are known so far. */
const packages = (): Set<string | undefined> =>
  new Set([...lowerings.keys()].map((name) => name.split('.')[0]));

it('loads the families of a model, and no others', async () => {
  await load('torch.nn.modules.rnn.LSTM', 'fastai.layers.LinBnDrop', 'my.Layer');
  expect(packages()).toEqual(new Set(['torch', 'fastai']));
  expect(lowerings.has('torch.nn.modules.conv.Conv2d')).toBe(false);
  await load('torch.nn.modules.conv.Conv2d');
  expect(lowerings.has('torch.nn.modules.pooling.MaxPool2d')).toBe(true);
  await load('torchvision.models.resnet.ResNet');
  expect(packages()).toEqual(new Set(['torch', 'fastai', 'torchvision']));
});

it('finds each family by the modules of its classes', async () => {
  const before = new Set(lowerings.keys());
  await load('timm.models.vgg.VGG');
  expect(before.has('fastai.vision.learner.TimmBody')).toBe(false);
  const all = (await allLowerings()).size;
  expect(all).toBeGreaterThan(900);
  expect(lowerings.size).toBe(all);
});
