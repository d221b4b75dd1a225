import type { LearnerDescription } from '../../../learner/fastai/contract.js';
import { readExact, writeExact } from './exact-json.js';

/** Longer properties are left out, because metadata is requested often. */
const LONGEST = 256 * 1024;

const DESCRIPTION = 'description';
const VOCAB = 'vocab';

type Properties = Readonly<Record<string, string>>;

/**
 * The properties of a learner for clients: `kind`, `task`, `classes` (a JSON list), and
 * `description` and `vocab` as JSON if they have at most 256 kB.
 */
export function learnerProperties(runner: {
  readonly description: LearnerDescription;
  readonly vocab: unknown;
}): Properties {
  const { description, vocab } = runner;
  const { kind, task, classes } = description;
  const properties: Record<string, string> = { kind, task };
  const add = (name: string, value: unknown): void => {
    if (value === undefined) return;
    const text = writeExact(name, value);
    if (text.length <= LONGEST) properties[name] = text;
  };
  add('classes', classes);
  add(DESCRIPTION, description);
  add(VOCAB, vocab);
  return properties;
}

/**
 * The learner that the properties of another server of this package describe; undefined for other
 * servers.
 *
 * @throws InferenceMessageError for JSON that this package would not write.
 */
export function learnerOf(
  properties: Properties = {},
): { readonly description: LearnerDescription; readonly vocab: unknown } | undefined {
  const text = ownText(properties, DESCRIPTION);
  if (text === undefined) return undefined;
  const description = readExact(DESCRIPTION, text) as LearnerDescription;
  if (
    typeof description !== 'object' ||
    description === null ||
    typeof description.kind !== 'string'
  )
    return undefined;
  const vocab = ownText(properties, VOCAB);
  return { description, vocab: vocab === undefined ? undefined : readExact(VOCAB, vocab) };
}

function ownText(properties: Properties, name: string): string | undefined {
  const text = Object.hasOwn(properties, name) ? properties[name] : undefined;
  return typeof text === 'string' ? text : undefined;
}
