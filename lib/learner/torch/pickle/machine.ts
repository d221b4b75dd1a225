import { UnsupportedPickleError } from '../errors/index.js';
import { appendTo, travelling, WholeFloat } from '../float-lists.js';
import { checkLimit, type ReadLimits } from '../limits.js';
import { VtsError } from '../../errors/index.js';
import { PyDict, PyGlobal, PyObject, PySet, PyTuple, type PyValue } from '../python.js';
import { recordCall } from './calls.js';
import type { Cursor } from './cursor.js';
import { Op } from './opcodes.js';
import { fromPython2 } from './python2-names.js';
import type { RebuildContext, Rebuilders } from './rebuilder.js';
import { applyState } from './records.js';
import { readInteger, readScalar } from './scalars.js';

const HIGHEST_PROTOCOL = 5;
/** Characters of a module's and a class's name. */
const LONGEST_NAME = 4096;

export interface MachineOptions {
  readonly limits: Readonly<ReadLimits>;
  readonly rebuilders: Rebuilders;
  /** What a persistent id stands for (a storage); without it such ids are an error. */
  readonly persistent?: (id: PyValue, context: RebuildContext) => PyValue;
  /** Collects the globals that the pickle names, by qualified name. */
  readonly globals?: Map<string, PyGlobal>;
}

/**
 * Reads one pickle, protocols 0 to 5, without running anything: each call that the pickle asks for
 * becomes a {@link PyObject} that records it, or the value that a rebuilder of the closed list
 * makes of it.
 *
 * No name is looked up, and nothing recurses: nesting costs the stack of this machine, not
 * JavaScript's.
 */
export class PickleMachine implements RebuildContext {
  readonly #cursor: Cursor;
  readonly #options: MachineOptions;
  readonly #stack: (PyValue | WholeFloat)[] = [];
  readonly #marks: number[] = [];
  readonly #memo: (PyValue | WholeFloat)[] = [];
  #memoSize = 0;
  #protocol = 0;
  #rebuilt = 0;
  readonly #receivers = new Map<object, (state: PyValue) => void>();
  readonly #finishers: (() => void)[] = [];

  constructor(cursor: Cursor, options: MachineOptions) {
    this.#cursor = cursor;
    this.#options = options;
  }

  /** The pickled value; the cursor is left behind the pickle. */
  run(): PyValue {
    const cursor = this.#cursor;
    const { maxOperations } = this.#options.limits;
    try {
      for (let operations = 1; ; operations++) {
        if (operations > maxOperations) this.#limit('maxOperations', operations, 'opcodes');
        const op = cursor.uint8();
        if (op === Op.STOP) break;
        this.#step(op);
      }
      const result = this.#pop();
      for (const finish of this.#finishers) finish();
      return result;
    } catch (error) {
      if (error instanceof VtsError) throw error;
      throw cursor.corrupt('it does not describe a value', error);
    }
  }

  get file(): string {
    return this.#cursor.file;
  }

  charge(amount: number): void {
    this.#rebuilt += amount;
    if (this.#rebuilt > this.#options.limits.maxRebuilt) {
      this.#limit('maxRebuilt', this.#rebuilt, 'copied items and bytes');
    }
  }

  onState(target: object, receive: (state: PyValue) => void): void {
    this.#receivers.set(target, receive);
  }

  onEnd(finish: () => void): void {
    this.#finishers.push(finish);
  }

  #step(op: number): void {
    const cursor = this.#cursor;
    const scalar = readScalar(op, cursor);
    if (scalar !== undefined) {
      return this.#push(op === Op.FLOAT || op === Op.BINFLOAT ? travelling(scalar) : scalar);
    }
    switch (op) {
      case Op.PROTO:
        return this.#setProtocol(cursor.uint8());
      case Op.FRAME:
        // A frame only helps a reader of streams to read ahead.
        cursor.length64();
        return;
      case Op.MARK:
        this.#marks.push(this.#stack.length);
        if (this.#marks.length > this.#options.limits.maxStack) {
          this.#limit('maxStack', this.#marks.length, 'open marks');
        }
        return;
      case Op.POP:
        if (this.#stack.length > this.#floor()) this.#stack.pop();
        else this.#popMark();
        return;
      case Op.POP_MARK:
        this.#popMark();
        return;
      case Op.DUP:
        return this.#push(this.#top());

      case Op.EMPTY_TUPLE:
        return this.#push(new PyTuple());
      case Op.TUPLE1:
        return this.#pushTuple(1);
      case Op.TUPLE2:
        return this.#pushTuple(2);
      case Op.TUPLE3:
        return this.#pushTuple(3);
      case Op.TUPLE:
        return this.#push(this.#tuple(this.#popMarked()));
      case Op.EMPTY_LIST:
        return this.#push([]);
      case Op.LIST:
        return this.#push(this.#popMark());
      case Op.EMPTY_DICT:
        return this.#push(new PyDict());
      case Op.DICT:
        return this.#push(this.#fill(new PyDict(), this.#popMark()));
      case Op.EMPTY_SET:
        return this.#push(new PySet());
      case Op.FROZENSET:
        return this.#push(new PySet(this.#popMark()));

      case Op.APPEND:
        return this.#append([this.#popTravelling()]);
      case Op.APPENDS:
        return this.#append(this.#popMarked());
      case Op.SETITEM: {
        const value = this.#pop();
        const key = this.#pop();
        return this.#setItems([key, value]);
      }
      case Op.SETITEMS:
        return this.#setItems(this.#popMark());
      case Op.ADDITEMS:
        return this.#addItems(this.#popMark());

      case Op.GET:
        return this.#recall(Number(readInteger(cursor, cursor.line())));
      case Op.BINGET:
        return this.#recall(cursor.uint8());
      case Op.LONG_BINGET:
        return this.#recall(cursor.uint32());
      case Op.PUT:
        return this.#remember(Number(readInteger(cursor, cursor.line())));
      case Op.BINPUT:
        return this.#remember(cursor.uint8());
      case Op.LONG_BINPUT:
        return this.#remember(cursor.uint32());
      case Op.MEMOIZE:
        return this.#remember(this.#memoSize);

      case Op.GLOBAL: {
        const module = cursor.utf8Line();
        return this.#push(this.#global(module, cursor.utf8Line()));
      }
      case Op.STACK_GLOBAL: {
        const name = this.#pop();
        const module = this.#pop();
        if (typeof name !== 'string' || typeof module !== 'string') {
          throw cursor.corrupt('the name of a global is no text');
        }
        return this.#push(this.#global(module, name));
      }
      case Op.INST: {
        const module = cursor.utf8Line();
        const cls = this.#global(module, cursor.utf8Line());
        return this.#push(this.#call(cls, this.#popMark()));
      }
      case Op.OBJ: {
        const [cls, ...args] = this.#popMark();
        if (cls === undefined) throw cursor.corrupt('an object has no class');
        return this.#push(this.#call(cls, args));
      }
      case Op.REDUCE:
      case Op.NEWOBJ: {
        const args = this.#arguments(this.#pop());
        return this.#push(this.#call(this.#pop(), args));
      }
      case Op.NEWOBJ_EX: {
        const kwargs = this.#pop();
        const args = this.#arguments(this.#pop());
        if (!(kwargs instanceof PyDict)) throw cursor.corrupt('keyword arguments are no dict');
        return this.#push(this.#call(this.#pop(), args, kwargs));
      }
      case Op.BUILD:
        return this.#build(this.#pop());

      case Op.PERSID:
        return this.#push(this.#persistent(cursor.line()));
      case Op.BINPERSID:
        return this.#push(this.#persistent(this.#pop()));

      case Op.EXT1:
      case Op.EXT2:
      case Op.EXT4:
        throw this.#unsupported(
          'the copyreg extension registry of the program that wrote it (EXT)',
        );
      case Op.NEXT_BUFFER:
      case Op.READONLY_BUFFER:
        throw this.#unsupported('out-of-band buffers (protocol 5, NEXT_BUFFER)');
      default:
        throw cursor.corrupt(`0x${op.toString(16)} is no opcode`);
    }
  }

  // --- the stack ---

  #floor(): number {
    return this.#marks.at(-1) ?? 0;
  }

  #push(value: PyValue | WholeFloat): void {
    this.#stack.push(value);
    if (this.#stack.length > this.#options.limits.maxStack) {
      this.#limit('maxStack', this.#stack.length, 'values on the stack');
    }
  }

  #pop(): PyValue {
    return plain(this.#popTravelling());
  }

  #popTravelling(): PyValue | WholeFloat {
    if (this.#stack.length <= this.#floor()) throw this.#cursor.corrupt('its stack is empty');
    return this.#stack.pop()!;
  }

  #top(): PyValue | WholeFloat {
    if (this.#stack.length <= this.#floor()) throw this.#cursor.corrupt('its stack is empty');
    return this.#stack[this.#stack.length - 1]!;
  }

  #popMark(): PyValue[] {
    const values: PyValue[] = [];
    appendTo(values, this.#popMarked());
    return values;
  }

  #popMarked(): (PyValue | WholeFloat)[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw this.#cursor.corrupt('a mark is missing');
    return this.#stack.splice(mark);
  }

  #pushTuple(length: number): void {
    if (this.#stack.length - length < this.#floor()) {
      throw this.#cursor.corrupt('its stack is empty');
    }
    this.#push(this.#tuple(this.#stack.splice(this.#stack.length - length)));
  }

  #tuple(values: readonly (PyValue | WholeFloat)[]): PyTuple {
    const tuple = new PyTuple();
    appendTo(tuple, values);
    return tuple;
  }

  // --- the memo ---

  #remember(index: number): void {
    if (!(index >= 0)) throw this.#cursor.corrupt('a memo index is negative');
    checkLimit(this.file, this.#options.limits, 'maxMemo', index, `a memo index of ${index}`);
    const value = this.#top();
    if (this.#memo[index] === undefined) this.#memoSize++;
    this.#memo[index] = value;
  }

  #recall(index: number): void {
    const value = this.#memo[index];
    if (value === undefined) throw this.#cursor.corrupt(`nothing is remembered as ${index}`);
    this.#push(value);
  }

  // --- containers ---

  #append(items: readonly (PyValue | WholeFloat)[]): void {
    const target = this.#top();
    const list =
      target instanceof PyObject
        ? target.items
        : Array.isArray(target) && !(target instanceof PyTuple)
          ? target
          : undefined;
    if (!list) throw this.#cursor.corrupt('items are appended to what is no list');
    appendTo(list, items);
  }

  #setItems(flat: PyValue[]): void {
    const target = plain(this.#top());
    const dict = target instanceof PyObject ? target.entries : target;
    if (!(dict instanceof PyDict)) throw this.#cursor.corrupt('entries are set in what is no dict');
    this.#fill(dict, flat);
  }

  #fill(dict: PyDict, flat: PyValue[]): PyDict {
    if (flat.length % 2) throw this.#cursor.corrupt('a key has no value');
    for (let i = 0; i < flat.length; i += 2) {
      this.#chargeKey(flat[i]!);
      dict.set(flat[i]!, flat[i + 1]!);
    }
    return dict;
  }

  /** Keys of bytes and tuples are compared by a text made of them. */
  #chargeKey(key: PyValue): void {
    if (key instanceof Uint8Array) this.charge(key.length);
    if (!(key instanceof PyTuple)) return;
    for (const item of key) {
      if (typeof item === 'string' || item instanceof Uint8Array) this.charge(item.length);
    }
  }

  #addItems(items: PyValue[]): void {
    const target = this.#top();
    const set = target instanceof PyObject ? target.items : target instanceof PySet && target.items;
    if (!set) throw this.#cursor.corrupt('items are added to what is no set');
    for (const item of items) set.push(item);
  }

  // --- calls ---

  #global(module: string, name: string): PyGlobal {
    if (module.length + name.length > LONGEST_NAME) {
      throw this.#cursor.corrupt(
        `the name of a global has ${module.length + name.length} characters`,
      );
    }
    const [newModule, newName] = this.#protocol < 3 ? fromPython2(module, name) : [module, name];
    const found = new PyGlobal(newModule, newName);
    const { globals } = this.#options;
    if (!globals) return found;
    const known = globals.get(found.qualifiedName);
    if (known) return known;
    globals.set(found.qualifiedName, found);
    return found;
  }

  #arguments(value: PyValue): PyValue[] {
    if (!Array.isArray(value)) throw this.#cursor.corrupt('arguments are no tuple');
    return value;
  }

  #call(callable: PyValue, args: PyValue[], kwargs?: PyDict): PyValue | WholeFloat {
    // Copied with their arguments, which may be a shared tuple: a few bytes of pickle must not copy
    // megabytes.
    this.charge(args.length);
    return recordCall(callable, args, kwargs, this.#options.rebuilders, this);
  }

  #build(state: PyValue): void {
    const target = this.#top();
    if (target instanceof PyObject) applyState(target, state);
    if (typeof target === 'object' && target !== null) this.#receivers.get(target)?.(state);
    // Attributes of anything else (an OrderedDict's `_metadata`) have no use here.
  }

  #persistent(id: PyValue): PyValue {
    const { persistent } = this.#options;
    if (!persistent) throw this.#unsupported('objects that its writer kept elsewhere (PERSID)');
    return persistent(id, this);
  }

  // --- errors and limits ---

  #setProtocol(protocol: number): void {
    if (protocol > HIGHEST_PROTOCOL) {
      throw this.#unsupported(`pickle protocol ${protocol} (0 to ${HIGHEST_PROTOCOL} are known)`);
    }
    this.#protocol = protocol;
  }

  #unsupported(feature: string): UnsupportedPickleError {
    return new UnsupportedPickleError(this.file, feature);
  }

  #limit(limit: keyof ReadLimits, value: number, what: string): void {
    checkLimit(this.file, this.#options.limits, limit, value, `${value} ${what} or more`);
  }
}

function plain(value: PyValue | WholeFloat): PyValue {
  return value instanceof WholeFloat ? value.value : value;
}
