import type { ModelCard } from '../contract.js';
import { firstInput, type Input } from '../inputs/input.js';

/** Chat programs and mail cut longer links. */
const LONGEST = 8000;

interface Linked {
  readonly model: string;
  readonly input?: unknown;
}

/** The hash of a URL with an input; undefined if the input has a file or is too long. */
export function hashOf(model: string, input: Input): string | undefined {
  const kept = input.type === 'file' ? input.url && { type: 'file', url: input.url } : input;
  if (!kept || (input.type === 'parts' && hasFiles(input.values))) return undefined;
  const hash = `#${encodeURIComponent(model)}=${encode(JSON.stringify(kept))}`;
  return hash.length <= LONGEST ? hash : undefined;
}

/** The hash that names only a model. */
export function modelHash(model: string): string {
  return `#${encodeURIComponent(model)}`;
}

/** Anybody can write a link, so its contents are accepted only in the form of the model's input. */
export function readHash(hash: string): Linked | undefined {
  if (hash.length < 2 || hash.length > LONGEST) return undefined;
  const [name = '', encoded] = hash.slice(1).split('=', 2);
  try {
    const model = decodeURIComponent(name);
    return encoded ? { model, input: JSON.parse(decode(encoded)) as unknown } : { model };
  } catch {
    return undefined;
  }
}

/** The input of a link for a model; undefined if it has another form. */
export function linkedInput(card: ModelCard, value: unknown): Input | undefined {
  const form = firstInput(card);
  if (typeof value !== 'object' || value === null) return undefined;
  const given = value as Readonly<Record<string, unknown>>;
  if (given['type'] !== form.type) return undefined;
  if (form.type === 'file') {
    return typeof given['url'] === 'string' ? { type: 'file', url: given['url'] } : undefined;
  }
  const entries = Object.entries(form).map(([name, first]) => [name, taken(given[name], first)]);
  return Object.fromEntries(entries) as Input;
}

/** A value of the form's type, cell by cell; otherwise the form's own value. */
function taken(value: unknown, first: unknown): unknown {
  if (typeof first !== 'object' || first === null) {
    return typeof value === typeof first ? value : first;
  }
  const given = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  return Object.fromEntries(
    Object.entries(first).map(([name, cell]) => [name, isScalar(given[name]) ? given[name] : cell]),
  );
}

function isScalar(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function hasFiles(values: Readonly<Record<string, unknown>>): boolean {
  return Object.values(values).some((value) => value instanceof Blob);
}

function encode(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function decode(text: string): string {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return new TextDecoder('utf-8', { fatal: true }).decode(
    Uint8Array.from(binary, (char) => char.charCodeAt(0)),
  );
}
