import { shortened } from '../../learner/errors/index.js';
import { refused } from '../check-request.js';

/** @throws InferenceError for names that cannot be part of a path */
export function modelPath(name: string, version: string, behind = ''): string {
  const versions = version === '' ? '' : `/versions/${segment('version', version)}`;
  return `/v2/models/${segment('name', name)}${versions}${behind}`;
}

export function repositoryPath(name: string, action: 'load' | 'unload'): string {
  return `/v2/repository/models/${segment('name', name)}/${action}`;
}

function segment(kind: string, text: string): string {
  if (typeof text !== 'string' || !text.isWellFormed() || /^\.{0,2}$/.test(text)) {
    throw refused(
      `The ${kind} of the model is "${shortened(String(text))}", which cannot be part of a URL; give the ${kind} that the server lists.`,
    );
  }
  return encodeURIComponent(text);
}
