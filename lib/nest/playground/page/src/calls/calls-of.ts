import type { Description, ModelCard } from '../contract.js';
import { fileParts, isJson, lackOf, type Input, type Prompt } from '../inputs/input.js';
import { urlOf, type Body, type Call, type Part } from './call.js';

/** The call that predicts from a complete input. */
export function predictCall(card: ModelCard, input: Input): Call {
  const { description } = card;
  return {
    url: urlOf(card.routes.predict),
    accept: streams(description) ? 'text/event-stream' : acceptOf(description),
    body: bodyOf(input, description),
  };
}

/** The call of a form for the user to read. Missing parts of the input have placeholders. */
export function exampleCall(card: ModelCard, input: Input): Call {
  if (lackOf(input, card.description) === undefined) return predictCall(card, input);
  switch (input.type) {
    case 'file':
      return predictCall(card, {
        type: 'file',
        file: new File([], 'photo.jpg', { type: 'image/jpeg' }),
      });
    case 'json':
      return predictCall(card, { type: 'json', text: 'null' });
    case 'parts': {
      const names = fileParts(card.description);
      const photo = (name: string) => new File([], `${name}.jpg`, { type: 'image/jpeg' });
      const photos = Object.fromEntries(names.map((name) => [name, photo(name)]));
      return predictCall(card, { type: 'parts', values: { ...input.values, ...photos } });
    }
    default:
      return predictCall(card, input);
  }
}

/** The call that scores a file of rows. */
export function tableCall(card: ModelCard): Call {
  const body = {
    type: 'file',
    file: new Blob(),
    name: 'table.csv',
    mediaType: 'text/csv',
  } as const;
  return { url: urlOf(card.routes.predict), accept: 'text/csv', body };
}

/** The call that shows an input as the model sees it; undefined if no such route exists. */
export function showCall(card: ModelCard, input: Input): Call | undefined {
  return sideCall(card, input, card.routes.show);
}

/** The call that explains a class, that of the prediction if none is named. */
export function explainCall(card: ModelCard, input: Input, target?: number): Call | undefined {
  const call = sideCall(card, input, card.routes.explain);
  if (call && target !== undefined) call.url.searchParams.set('target', String(target));
  return call;
}

function sideCall(card: ModelCard, input: Input, route: string | undefined): Call | undefined {
  if (route === undefined) return undefined;
  return {
    url: urlOf(route),
    accept: 'application/json',
    body: bodyOf(input, card.description),
  };
}

/** Whether the answer comes word by word. */
export function streams(description: Description): boolean {
  if (description.kind === 'lm') return true;
  return description.kind === 'endpoint' && description.output.stream === true;
}

function acceptOf(description: Description): string {
  if (description.kind !== 'endpoint') return 'application/json';
  const { type, contentTypes } = description.output;
  const binary = type === 'image' || type === 'file' || type === 'text';
  return binary && contentTypes.length > 0
    ? `${contentTypes.join(', ')}, */*;q=0.1`
    : 'application/json';
}

function bodyOf(input: Input, description: Description): Body {
  switch (input.type) {
    case 'text':
      return { type: 'text', text: input.text, mediaType: 'text/plain; charset=utf-8' };
    case 'prompt':
      return { type: 'json', value: promptBody(input) };
    case 'row':
      return { type: 'json', value: input.row };
    case 'json':
      if (description.kind === 'array' && !isJson(input.text)) {
        return { type: 'text', text: input.text, mediaType: 'text/csv; charset=utf-8' };
      }
      return { type: 'json', value: JSON.parse(input.text) as unknown };
    case 'file':
      return fileBody(input.file ?? new File([], 'empty'), description);
    case 'parts':
      return { type: 'parts', parts: partsOf(input.values) };
  }
}

function promptBody({ text, nWords, temperature, minP, seed, stop }: Prompt): object {
  return {
    text,
    nWords,
    temperature,
    ...(minP === '' ? {} : { minP: Number(minP) }),
    ...(seed === '' ? {} : { seed: Number(seed) }),
    ...(stop === '' ? {} : { stop }),
  };
}

function fileBody(file: File, description: Description): Body {
  const accepted = description.kind === 'endpoint' ? description.input.contentTypes : [];
  const array = description.kind === 'array' ? arrayType(file.name) : undefined;
  const mediaType = array ?? (file.type || accepted[0] || 'application/octet-stream');
  return { type: 'file', file, name: file.name, mediaType };
}

/** Browsers have no type for `.npy`, and more than one for CSV. */
function arrayType(name: string): string {
  return /\.npy$/i.test(name) ? 'application/x-npy' : 'text/csv';
}

function partsOf(values: Readonly<Record<string, string | File>>): Part[] {
  return Object.entries(values)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => ({ name, value }));
}
