import { InvalidTagError } from './errors.js';
import { warn } from './warn.js';

const PART = /^[a-z0-9](?:[-._a-z0-9]*[a-z0-9])?$/;
const LONGEST_PART = 63;

/** The version that stands for the newest one. */
export const LATEST = 'latest';

/**
 * The name of a model in a store: `name` or `name:version`.
 *
 * Name and version follow BentoML's grammar: 1 to 63 of `a-z 0-9 - _ .`, starting and ending with a
 * letter or digit. Capitals become lower case, with a process warning (`VTS_TAG_CASE`). Without a
 * version, or with the version `latest`, the tag means the newest version.
 *
 * @publicApi
 */
export class Tag {
  readonly name: string;
  /** Undefined if the tag is a bare name. May be `latest`. */
  readonly version: string | undefined;

  /** @throws InvalidTagError if a part is not valid. */
  constructor(name: string, version?: string) {
    const whole = version === undefined ? String(name) : `${name}:${version}`;
    this.name = part(name, 'name', whole);
    this.version = version === undefined ? undefined : part(version, 'version', whole);
    if (String(this) !== whole) {
      warn(
        'VTS_TAG_CASE',
        `The tag "${whole}" has capital letters, and is read as "${String(this)}".`,
      );
    }
  }

  /**
   * Reads `name` or `name:version`; a `Tag` is returned as it is.
   *
   * @throws InvalidTagError if it is neither.
   */
  static parse(tag: string | Tag): Tag {
    if (tag instanceof Tag) return tag;
    if (typeof tag !== 'string') throw new InvalidTagError(String(tag), 'it is not a string');
    const [name = '', version, ...more] = tag.split(':');
    if (more.length > 0) throw new InvalidTagError(tag, 'it has more than one ":"');
    if (version === '') {
      const bare = name === '' ? 'name' : name;
      throw new InvalidTagError(
        tag,
        'nothing follows the ":"',
        `Write "${bare}:${LATEST}" for the newest version.`,
      );
    }
    return new Tag(name, version);
  }

  /** Whether the tag means the newest version: a bare name, or `name:latest`. */
  get isLatest(): boolean {
    return this.version === undefined || this.version === LATEST;
  }

  /** The same name with another version. */
  withVersion(version: string): Tag {
    return new Tag(this.name, version);
  }

  equals(other: Tag): boolean {
    return this.name === other.name && this.version === other.version;
  }

  toString(): string {
    return this.version === undefined ? this.name : `${this.name}:${this.version}`;
  }

  toJSON(): string {
    return this.toString();
  }
}

/** Whether a folder's name can be a model's name or version. */
export function isTagPart(text: string): boolean {
  return text.length <= LONGEST_PART && PART.test(text);
}

function part(text: string, which: 'name' | 'version', whole: string): string {
  if (typeof text !== 'string') throw new InvalidTagError(whole, `its ${which} is not a string`);
  if (text === '') throw new InvalidTagError(whole, `its ${which} is empty`);
  const lower = text.toLowerCase();
  if (lower.length > LONGEST_PART) {
    throw new InvalidTagError(whole, `its ${which} is ${lower.length} characters long`);
  }
  if (!PART.test(lower)) {
    throw new InvalidTagError(whole, `its ${which} "${text}" has the wrong form`);
  }
  return lower;
}
