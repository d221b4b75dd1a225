import { describe, expect, it } from 'vitest';
import { fromRenamed } from './renamed.js';

describe('names of moved classes', () => {
  it.each([
    ['fastai2', 'noop', 'fastai.noop'],
    ['fastai2.vision.core', 'PILImage', 'fastai.vision.core.PILImage'],
    ['fastai21.vision', 'Mine', 'fastai21.vision.Mine'],
    ['my.fastai2', 'Mine', 'my.fastai2.Mine'],
    [
      'autogluon.tabular.models.fastainn.fastai_helpers',
      'TabularModel',
      'fastai.tabular.model.TabularModel',
    ],
    [
      'autogluon.tabular.models.fastainn.fastai_helpers',
      'medae',
      'autogluon.tabular.models.fastainn.fastai_helpers.medae',
    ],
  ])('are the current ones: %s.%s', (module, name, today) => {
    expect(fromRenamed(module, name).join('.')).toBe(today);
  });
});
