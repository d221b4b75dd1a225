import { UnknownMethodError } from '../errors.js';
import type { ModelRules } from '../rules.js';
import { SIGNATURE_ALIASES, SIGNATURE_METHODS } from './methods.js';

/** A learner as a whole: one item at a time, on the CPU. */
export const FASTAI: ModelRules = {
  name: 'fastai',
  modules: ['bentoml.fastai', 'bentoml._internal.frameworks.fastai'],
  file: 'saved_model.pkl',
  defaults: { predict: { batchable: false } },
  methods: SIGNATURE_METHODS,
  aliases: SIGNATURE_ALIASES,
  batchable: false,
  unknownMethod: (tag, method) => new UnknownMethodError(tag, method, SIGNATURE_METHODS),
};
