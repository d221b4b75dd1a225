/** Common names of files and folders of learners. They do not distinguish a model. */
const COMMON =
  /^(?:export|model|models|learner|learn|saved_model|model-internals|app|artifacts|snapshots|data|src|main|master|resolve|blob|neuralnetfastai.*|s\d+f\d+|[0-9a-f]{32,64})$/;

/** A part of a path without the endings that many files share. */
function telling(part: string): string {
  const stem = part
    .replace(/^models--.+?--/, '')
    .replace(/\.(?:pkl|pickle|pth?|onnx|fastai|bin|zip|gz)$/i, '')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .slice(0, 63)
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '');
  return COMMON.test(stem) ? '' : stem;
}

/**
 * A name for a model, from the last part of its path that is not a common name: `bears` for
 * `bears/models/export.pkl`. The name is valid in a tag.
 */
export function modelName(parts: readonly string[]): string {
  for (const part of parts.toReversed()) {
    const name = telling(part);
    if (name !== '') return name;
  }
  return 'model';
}
