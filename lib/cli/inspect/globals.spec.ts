import { describe, expect, it } from 'vitest';
import { PyGlobal } from '../../learner/torch/python.js';
import { riskOf } from './globals.js';

const risk = (name: string): string | undefined => {
  const dot = name.lastIndexOf('.');
  return riskOf(new PyGlobal(name.slice(0, dot), name.slice(dot + 1)));
};

describe('riskOf', () => {
  it.each(['os.system', 'posix.system', 'nt.system', 'subprocess.Popen', 'builtins.eval'])(
    'reports %s as dangerous',
    (name) => expect(risk(name)).toBe('dangerous'),
  );

  it.each([
    ['__builtin__.execfile', 'dangerous'],
    ['torch.hub.load', 'dangerous'],
    ['importlib.import_module', 'dangerous'],
    ['IPython.core.interactiveshell.InteractiveShell', 'dangerous'],
    ['cloudpickle.cloudpickle._make_function', 'code'],
    ['cloudpickle.cloudpickle.subimport', 'code'],
    ['dill._dill._create_function', 'code'],
    ['builtins.getattr', 'indirect'],
    ['__main__.is_cat', 'unknown'],
    ['my_project.models.Net', 'unknown'],
  ])('describes %s as %s', (name, expected) => {
    expect(risk(name)).toBe(expected);
  });

  it.each([
    'torch.nn.modules.linear.Linear',
    'torch._utils._rebuild_tensor_v2',
    'fastai.learner.Learner',
    'fasttransform.transform.Pipeline',
    'collections.OrderedDict',
    'cloudpickle.cloudpickle._builtin_type',
    'spacy.tokenizer.Tokenizer',
    'pathlib.PosixPath',
    'IPython.core.display.DisplayHandle',
    'IPython.core.display_functions.DisplayHandle',
  ])('does not report %s', (name) => {
    expect(risk(name)).toBeUndefined();
  });
});
