import type {
  Description,
  Descriptor,
  LearnerInput,
  ModelCard,
  ModuleInput,
  Scalar,
} from '../contract.js';

export type Row = Readonly<Record<string, Scalar>>;

/** A user's input for a model, by form. */
export type Input =
  | { readonly type: 'text'; readonly text: string }
  | Prompt
  | { readonly type: 'row'; readonly row: Row }
  | { readonly type: 'json'; readonly text: string }
  | FileInput
  | { readonly type: 'parts'; readonly values: Readonly<Record<string, string | File>> };

export interface Prompt {
  readonly type: 'prompt';
  readonly text: string;
  readonly nWords: number;
  readonly temperature: number;
  /** The texts of their fields; empty for none. */
  readonly minP: string;
  readonly seed: string;
  readonly stop: string;
}

/** A picture or another file. */
export interface FileInput {
  readonly type: 'file';
  readonly file?: File;
  /** Its URL, if it came from this site: a link can contain it. */
  readonly url?: string;
}

export type InputOf<T extends Input['type']> = Extract<Input, { readonly type: T }>;

/** The initial input of a model's form. */
export function firstInput({ description, samples = [] }: ModelCard): Input {
  switch (description.kind) {
    case 'text':
      return { type: 'text', text: '' };
    case 'lm':
      return {
        type: 'prompt',
        text: '',
        nWords: 30,
        temperature: 0.75,
        minP: '',
        seed: '',
        stop: '',
      };
    case 'tabular':
    case 'collab':
      return { type: 'row', row: exampleRow(description.columns?.columns ?? []) };
    case 'vision':
      return { type: 'file' };
    case 'array':
      return { type: 'json', text: pretty(zeros(exampleShape(description.shape))) };
    case 'mixed':
      return { type: 'parts', values: firstParts(description.inputs ?? []) };
    case 'module':
      return { type: 'json', text: exampleTensors(description.inputs) };
    case 'endpoint':
      return firstOf(description.input);
    default:
      return samples.length > 0 ? { type: 'file' } : { type: 'json', text: '' };
  }
}

function exampleRow(columns: readonly { name: string; example: Scalar }[]): Row {
  return Object.fromEntries(columns.map(({ name, example }) => [name, example]));
}

function firstOf({ type, sample, schema }: Descriptor): Input {
  switch (type) {
    case 'text':
      return { type: 'text', text: typeof sample === 'string' ? sample : '' };
    case 'image':
    case 'file':
      return { type: 'file' };
    case 'multipart': {
      const names = Object.keys(schema.properties ?? {});
      const samples = (typeof sample === 'object' ? sample : null) as Record<
        string,
        unknown
      > | null;
      const value = (name: string) => {
        const given = samples?.[name];
        if (given === undefined || given === null || isFilePart(schema, name)) return '';
        return typeof given === 'string' ? given : JSON.stringify(given);
      };
      return {
        type: 'parts',
        values: Object.fromEntries(names.map((name) => [name, value(name)])),
      };
    }
    default:
      return { type: 'json', text: sample === undefined ? '' : pretty(sample) };
  }
}

/** The initial parts for a learner of several inputs. */
function firstParts(inputs: readonly LearnerInput[]): Record<string, string> {
  const first = ({ kind, shape, columns }: LearnerInput): string => {
    if (kind === 'array') return JSON.stringify(Array.from({ length: shape?.[0] ?? 1 }, () => 0));
    return String(columns?.columns[0]?.example ?? '');
  };
  return Object.fromEntries(inputs.map((input) => [input.name, first(input)]));
}

/** The parts of a form that are sent as files. */
export function fileParts(description: Description): readonly string[] {
  if (description.kind === 'endpoint') {
    const { schema } = description.input;
    return Object.keys(schema.properties ?? {}).filter((name) => isFilePart(schema, name));
  }
  if (description.kind !== 'mixed') return [];
  const images = (description.inputs ?? []).filter(({ kind }) => kind === 'vision');
  return images.map(({ name }) => name);
}

/** Whether a part is sent as a file. */
function isFilePart(schema: Descriptor['schema'], name: string): boolean {
  return schema.properties?.[name]?.format === 'binary';
}

/** JSON that is read line by line: short lists stay on one line. */
export function pretty(value: unknown): string {
  const text = JSON.stringify(value, null, 2) ?? '';
  return text.replace(/\[[^[\]{}]{0,400}\]/g, (list) => {
    const line = list.replace(/\s*\n\s*/g, ' ').replace(/^\[ | \]$/g, (end) => end.trim());
    return line.length <= 72 ? line : list;
  });
}

/** How many numbers an example of a tensor has at most. */
const MOST_NUMBERS = 4096;

/** Zeros of the shapes that a model takes; unknown sizes are 1. */
function exampleTensors(inputs: readonly ModuleInput[]): string {
  const tensors = inputs.map(({ shape }) => zeros(shape.map((size) => size ?? 1)));
  const [first] = inputs;
  if (inputs.length === 1 && first) return pretty(tensors[0]);
  return pretty(Object.fromEntries(inputs.map(({ name }, at) => [name, tensors[at]])));
}

/** Some steps of a series of any length. */
function exampleShape(shape: readonly (number | null)[] = [null]): number[] {
  return shape.map((size, axis) => size ?? (axis === shape.length - 1 ? 8 : 1));
}

function zeros(shape: readonly number[]): unknown {
  const count = shape.reduce((product, size) => product * size, 1);
  if (count > MOST_NUMBERS) return [];
  return shape.reduceRight<unknown>((inner, size) => Array.from({ length: size }, () => inner), 0);
}

/** Why an input cannot be sent yet; undefined if it can. */
export function lackOf(input: Input, description: Description): string | undefined {
  switch (input.type) {
    case 'text':
      return input.text === '' ? 'Enter a text first.' : undefined;
    case 'prompt':
      return lackOfPrompt(input);
    case 'file':
      return input.file ? undefined : 'Choose a file first.';
    case 'row':
      return lackOfRow(input.row, description);
    case 'json':
      return description.kind === 'array' && !isJson(input.text)
        ? lackOfNumbers(input.text)
        : lackOfJson(input.text);
    case 'parts':
      return lackOfParts(input.values, description);
  }
}

function lackOfPrompt({ nWords, temperature, minP, seed }: Prompt): string | undefined {
  if (!Number.isInteger(nWords) || nWords < 1) return 'Words: enter a whole number of 1 or more.';
  if (!(temperature > 0)) return 'Temperature: enter a number above 0.';
  if (minP !== '' && !(Number(minP) >= 0 && Number(minP) <= 1)) {
    return 'Least probability: give a number from 0 to 1.';
  }
  if (seed !== '' && !(Number.isInteger(Number(seed)) && Number(seed) >= 0)) {
    return 'Seed: enter a whole number of 0 or more.';
  }
  return undefined;
}

function lackOfRow(row: Row, description: Description): string | undefined {
  if (!('columns' in description)) return undefined;
  const missing = description.columns?.columns.find(
    ({ name, kind, nullable }) => kind === 'number' && !nullable && row[name] === null,
  );
  return (
    missing &&
    `Enter a number for ${missing.name}: the learner does not accept a missing value there.`
  );
}

/** Whether a text is meant as JSON. Plain numbers are CSV. */
export const isJson = (text: string): boolean => /^\s*[[{]/.test(text);

function lackOfNumbers(text: string): string | undefined {
  return text.trim() === '' ? 'Enter numbers first.' : undefined;
}

function lackOfParts(
  values: Readonly<Record<string, string | File>>,
  description: Description,
): string | undefined {
  if (description.kind !== 'mixed') return undefined;
  const missing = fileParts(description).find((name) => !(values[name] instanceof File));
  return missing && `Choose a file for ${missing} first.`;
}

function lackOfJson(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return text.trim() === '' ? 'Enter JSON first.' : `Not valid JSON: ${(error as Error).message}`;
  }
}
