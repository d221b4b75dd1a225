import { Op } from '../pickle/opcodes.js';
import { PickleOutline, type PickledValue } from './pickle-outline.js';

/** Dependencies of the part may have dependencies of their own; a file may chain them endlessly. */
const DEEPEST = 2000;

/**
 * A pickle of one part of another pickle, made from the original opcodes, so that nothing is lost
 * or changed. Undefined if that part does not exist, or if it refers to an object that contains it.
 */
export function picklePart(bytes: Uint8Array, path: readonly string[]): Uint8Array | undefined {
  const outline = PickleOutline.of(bytes);
  const value = outline && find(outline, path);
  return value && new PartWriter(bytes, outline).write(value);
}

function find(outline: PickleOutline, path: readonly string[]): PickledValue | undefined {
  return path.reduce<PickledValue | undefined>(
    (value, name) => value && attribute(outline, value, name),
    outline.root,
  );
}

function attribute(
  outline: PickleOutline,
  value: PickledValue,
  name: string,
): PickledValue | undefined {
  for (const state of value.states) {
    const entry = known(outline, state)?.entries.findLast(
      ([key]) => known(outline, key)?.text === name,
    );
    if (entry) return known(outline, entry[1]);
  }
  return undefined;
}

/** Follows a memo fetch to the value itself. */
function known(outline: PickleOutline, value: PickledValue): PickledValue | undefined {
  return value.got === undefined ? value : outline.memo.get(value.got);
}

class PartWriter {
  readonly #parts: Uint8Array[] = [];
  /** Memo entries that the part has already made. */
  readonly #made = new Set<number>();
  #depth = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly outline: PickleOutline,
  ) {}

  write(value: PickledValue): Uint8Array | undefined {
    this.#parts.push(Uint8Array.of(Op.PROTO, this.outline.protocol));
    if (!this.#value(value)) return undefined;
    this.#parts.push(Uint8Array.of(Op.STOP));
    return Buffer.concat(this.#parts);
  }

  /** False if it cannot be written. */
  #value(value: PickledValue): boolean {
    const { ops, puts, memo } = this.outline;
    if (this.#depth > DEEPEST) return false;
    this.#depth++;
    for (let at = value.first; at < value.end; at++) {
      const before = this.#madeAt(at, value);
      if (before) {
        this.#get(before.memo!);
        at = before.end - 1;
        continue;
      }
      const op = ops[at]!;
      if (op.code === Op.FRAME) continue;
      const put = puts.get(at);
      if (put !== undefined) {
        this.#made.add(put);
        this.#parts.push(numbered(Op.LONG_BINPUT, put));
      } else if (!isGet(op.code)) this.#parts.push(this.bytes.subarray(op.start, op.end));
      else if (this.#made.has(op.number!)) this.#get(op.number!);
      else {
        // The original makes it elsewhere; the part makes it here.
        const other = memo.get(op.number!);
        if (!other || (other.first <= at && at < other.end)) return false;
        if (!this.#value(other)) return false;
      }
    }
    this.#depth--;
    return true;
  }

  /** A value that begins here and is already in the part: both must stay one object. */
  #madeAt(at: number, inside: PickledValue): PickledValue | undefined {
    return this.outline.memoized
      .get(at)
      ?.find((value) => value !== inside && value.end <= inside.end && this.#made.has(value.memo!));
  }

  #get(index: number): void {
    this.#parts.push(numbered(Op.LONG_BINGET, index));
  }
}

function isGet(code: number): boolean {
  return code === Op.GET || code === Op.BINGET || code === Op.LONG_BINGET;
}

function numbered(code: number, index: number): Uint8Array {
  const bytes = Buffer.alloc(5);
  bytes[0] = code;
  bytes.writeUInt32LE(index, 1);
  return bytes;
}
