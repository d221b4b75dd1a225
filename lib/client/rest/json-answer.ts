import { shortened } from '../../learner/errors/index.js';
import { isObject, type JsonObject } from '../protocol/rest-tensors.js';
import { brokenAnswer } from './failures.js';

/** How many entries of a list of models, tensors or sizes are read at most. */
const MOST_ENTRIES = 100_000;

/**
 * Reads an object of a server's answer. A member that is missing or of another type is an error
 * with its name.
 */
export class JsonAnswer {
  private constructor(
    private readonly what: string,
    private readonly json: JsonObject,
    private readonly path: string,
  ) {}

  /** @throws InferenceError */
  static of(what: string, text: string): JsonAnswer {
    return JsonAnswer.#object(what, parsed(what, text), '');
  }

  /** The objects of an answer that is a list. @throws InferenceError */
  static listOf(what: string, text: string): readonly JsonAnswer[] {
    return JsonAnswer.#objects(what, parsed(what, text), '');
  }

  static #object(what: string, json: unknown, path: string): JsonAnswer {
    if (isObject(json)) return new JsonAnswer(what, json, path);
    throw brokenAnswer(what, `${path === '' ? 'it' : `"${path}"`} is not an object.`);
  }

  static #objects(what: string, list: unknown, path: string): readonly JsonAnswer[] {
    if (!Array.isArray(list) || list.length > MOST_ENTRIES) {
      const fact = Array.isArray(list) ? `has more than ${MOST_ENTRIES} entries` : 'is not a list';
      throw brokenAnswer(what, `${path === '' ? 'it' : `"${path}"`} ${fact}.`);
    }
    return list.map((entry, at) => JsonAnswer.#object(what, entry, `${path}[${at}]`));
  }

  /** @param fallback Used if the member is missing or null; without it, that is an error. */
  text(key: string, fallback?: string): string {
    return this.#read(key, 'a string', (value) => typeof value === 'string', fallback);
  }

  flag(key: string, fallback: boolean): boolean {
    return this.#read(key, 'true or false', (value) => typeof value === 'boolean', fallback);
  }

  /** A whole number, or its digits as a string, as protobuf writes 64-bit numbers. */
  count(key: string, fallback?: bigint): bigint {
    const value = this.#read<unknown>(key, 'a whole number', isWhole, fallback);
    return BigInt(value as bigint | number | string);
  }

  texts(key: string): readonly string[] {
    return this.#list(key, 'strings', (entry) => typeof entry === 'string') as string[];
  }

  /** Sizes: whole numbers, or their digits as strings. */
  sizes(key: string): readonly number[] {
    return this.#list(key, 'whole numbers', isWhole).map(Number);
  }

  /** Empty if it is missing or null. */
  objects(key: string): readonly JsonAnswer[] {
    return JsonAnswer.#objects(this.what, this.json[key] ?? [], this.#pathOf(key));
  }

  /** Empty if it is missing or null. */
  object(key: string): JsonAnswer {
    return JsonAnswer.#object(this.what, this.json[key] ?? {}, this.#pathOf(key));
  }

  has(key: string): boolean {
    return Object.hasOwn(this.json, key);
  }

  entries(): [string, unknown][] {
    return Object.entries(this.json);
  }

  /** Creates the error for a member that breaks the protocol. */
  broken(key: string, fact: string): Error {
    return brokenAnswer(this.what, `"${this.#pathOf(key)}" ${fact}.`);
  }

  #read<T>(key: string, kind: string, is: (value: unknown) => boolean, fallback?: T): T {
    const value = Object.hasOwn(this.json, key) ? (this.json[key] ?? undefined) : undefined;
    if (value === undefined && fallback !== undefined) return fallback;
    if (value === undefined) throw this.broken(key, 'is missing');
    if (!is(value)) throw this.broken(key, `is not ${kind}`);
    return value as T;
  }

  #list(key: string, kind: string, is: (entry: unknown) => boolean): readonly unknown[] {
    const list = this.#read<unknown[]>(key, 'a list', Array.isArray, []);
    if (list.length > MOST_ENTRIES || !list.every(is)) {
      throw this.broken(key, `is not a list of at most ${MOST_ENTRIES} ${kind}`);
    }
    return list;
  }

  #pathOf(key: string): string {
    return this.path === '' ? key : `${this.path}.${key}`;
  }
}

function isWhole(value: unknown): boolean {
  return Number.isSafeInteger(value) || (typeof value === 'string' && /^-?\d{1,20}$/.test(value));
}

function parsed(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = shortened((error as Error).message);
    throw brokenAnswer(what, `it is not valid JSON (${reason}).`, error);
  }
}
