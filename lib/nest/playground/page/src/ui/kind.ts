import type { Description, EndpointDescription } from '../contract.js';

const TASKS = {
  classify: 'classifier',
  multilabel: 'several labels',
  regress: 'regression',
  segment: 'segmentation',
  points: 'points',
  image: 'to image',
  generate: 'language model',
  several: 'several results',
} as const;

const KINDS = {
  text: 'Text',
  tabular: 'Table',
  collab: 'Recommendation',
  vision: 'Image',
  array: 'Array',
  mixed: 'Several inputs',
} as const;

/** What a model does, in a few words. */
export function kindOf(description: Description): string {
  switch (description.kind) {
    case 'lm':
      return 'Language model';
    case 'module':
      return 'PyTorch model';
    case 'endpoint':
      return endpointKind(description);
    default:
      return `${KINDS[description.kind]}${['multilabel', 'several'].includes(description.task) ? ',' : ''} ${TASKS[description.task]}`;
  }
}

const SIDES = {
  text: 'text',
  image: 'image',
  json: 'JSON',
  ndarray: 'array',
  frame: 'table',
  series: 'series',
  file: 'file',
  multipart: 'form',
} as const;

function endpointKind({ input, output }: EndpointDescription): string {
  return `Endpoint: ${SIDES[input.type]} to ${SIDES[output.type]}`;
}
