import { VtsError } from '../../errors/index.js';
import { UnsupportedPickleError } from '../errors.js';
import { appendTo, travelling, type Travelling } from '../float-lists.js';
import { checkLimit, type ReadLimits } from '../limits.js';
import { PyDict, PyGlobal, PyObject, PySet, PyTuple, type PyValue } from '../python.js';
import { recordCall } from './calls.js';
import type { Cursor } from './cursor.js';
import { Op } from './opcodes.js';
import { fromPython2 } from './python2-names.js';
import type { RebuildContext, Rebuilders } from './rebuilder.js';
import { readMemoIndex, readScalar } from './scalars.js';
import { PickleStack, plain } from './stack.js';

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
 * Reads one pickle, protocols 0 to 5, without running anything: each call becomes a record of it, a
 * {@link PyObject}, or what a rebuilder of the closed list makes of it. No name is looked up, and
 * nothing recurses: nesting costs the stack of this machine, not JavaScript's.
 */
export class PickleMachine implements RebuildContext {
  readonly #stack: PickleStack;
  readonly #memo: Travelling[] = [];
  #memoSize = 0;
  #protocol = 0;
  #rebuilt = 0;
  readonly #receivers = new Map<object, (state: PyValue) => void>();
  readonly #finishers: (() => void)[] = [];

  constructor(
    private readonly cursor: Cursor,
    private readonly options: MachineOptions,
  ) {
    this.#stack = new PickleStack(cursor, options.limits);
  }

  /** The pickled value; the cursor is left behind the pickle. */
  run(): PyValue {
    const { cursor } = this;
    const { maxOperations } = this.options.limits;
    try {
      for (let operations = 1; ; operations++) {
        if (operations > maxOperations) this.#limit('maxOperations', operations, 'opcodes');
        const op = cursor.uint8();
        if (op === Op.STOP) break;
        this.#step(op);
      }
      const result = this.#stack.pop();
      for (const finish of this.#finishers) finish();
      return result;
    } catch (error) {
      if (error instanceof VtsError) throw error;
      throw cursor.corrupt('it does not describe a value', error);
    }
  }

  get file(): string {
    return this.cursor.file;
  }

  charge(amount: number): void {
    this.#rebuilt += amount;
    if (this.#rebuilt > this.options.limits.maxRebuilt) {
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
    const { cursor } = this;
    const stack = this.#stack;
    const scalar = readScalar(op, cursor);
    if (scalar !== undefined) {
      return stack.push(op === Op.FLOAT || op === Op.BINFLOAT ? travelling(scalar) : scalar);
    }
    switch (op) {
      case Op.PROTO:
        return this.#setProtocol(cursor.uint8());
      case Op.FRAME:
        // A frame only helps a reader of streams to read ahead.
        cursor.length64();
        return;
      case Op.MARK:
        return stack.mark();
      case Op.POP:
        return stack.drop();
      case Op.POP_MARK:
        stack.popMarked();
        return;
      case Op.DUP:
        return stack.push(stack.top());

      case Op.EMPTY_TUPLE:
        return stack.push(new PyTuple());
      case Op.TUPLE1:
      case Op.TUPLE2:
      case Op.TUPLE3:
        return stack.push(stack.popTuple(op - Op.TUPLE1 + 1));
      case Op.TUPLE:
        return stack.push(stack.popMarkedTuple());
      case Op.EMPTY_LIST:
        return stack.push([]);
      case Op.LIST:
        return stack.push(stack.popMarkedList());
      case Op.EMPTY_DICT:
        return stack.push(new PyDict());
      case Op.DICT:
        return stack.push(this.#fill(new PyDict(), stack.popMarkedList()));
      case Op.EMPTY_SET:
        return stack.push(new PySet());
      case Op.FROZENSET:
        return stack.push(new PySet(stack.popMarkedList()));

      case Op.APPEND:
        return this.#append([stack.popTravelling()]);
      case Op.APPENDS:
        return this.#append(stack.popMarked());
      case Op.SETITEM:
        return this.#setItems(stack.popTuple(2));
      case Op.SETITEMS:
        return this.#setItems(stack.popMarkedList());
      case Op.ADDITEMS:
        return this.#addItems(stack.popMarkedList());

      case Op.GET:
      case Op.BINGET:
      case Op.LONG_BINGET:
        return this.#recall(readMemoIndex(op, cursor));
      case Op.PUT:
      case Op.BINPUT:
      case Op.LONG_BINPUT:
        return this.#remember(readMemoIndex(op, cursor));
      case Op.MEMOIZE:
        return this.#remember(this.#memoSize);

      case Op.GLOBAL:
        return stack.push(this.#global(cursor.utf8Line(), cursor.utf8Line()));
      case Op.STACK_GLOBAL: {
        const name = stack.pop();
        const module = stack.pop();
        if (typeof name !== 'string' || typeof module !== 'string') {
          throw cursor.corrupt('the name of a global is no text');
        }
        return stack.push(this.#global(module, name));
      }
      case Op.INST: {
        const cls = this.#global(cursor.utf8Line(), cursor.utf8Line());
        return stack.push(this.#call(cls, stack.popMarkedList()));
      }
      case Op.OBJ: {
        const [cls, ...args] = stack.popMarkedList();
        if (cls === undefined) throw cursor.corrupt('an object has no class');
        return stack.push(this.#call(cls, args));
      }
      case Op.REDUCE:
      case Op.NEWOBJ: {
        const args = this.#arguments(stack.pop());
        return stack.push(this.#call(stack.pop(), args));
      }
      case Op.NEWOBJ_EX: {
        const kwargs = stack.pop();
        const args = this.#arguments(stack.pop());
        if (!(kwargs instanceof PyDict)) throw cursor.corrupt('keyword arguments are not a dict');
        return stack.push(this.#call(stack.pop(), args, kwargs));
      }
      case Op.BUILD:
        return this.#build(stack.pop());

      case Op.PERSID:
        return stack.push(this.#persistent(cursor.line()));
      case Op.BINPERSID:
        return stack.push(this.#persistent(stack.pop()));

      case Op.EXT1:
      case Op.EXT2:
      case Op.EXT4:
        throw this.#unsupported("its writer's copyreg extension registry (EXT)");
      case Op.NEXT_BUFFER:
      case Op.READONLY_BUFFER:
        throw this.#unsupported('out-of-band buffers (protocol 5, NEXT_BUFFER)');
      default:
        throw cursor.corrupt(`0x${op.toString(16)} is no opcode`);
    }
  }

  #remember(index: number): void {
    if (!(index >= 0)) throw this.cursor.corrupt('a memo index is negative');
    checkLimit(this.file, this.options.limits, 'maxMemo', index, `a memo index of ${index}`);
    const value = this.#stack.top();
    if (this.#memo[index] === undefined) this.#memoSize++;
    this.#memo[index] = value;
  }

  #recall(index: number): void {
    const value = this.#memo[index];
    if (value === undefined) throw this.cursor.corrupt(`nothing is remembered as ${index}`);
    this.#stack.push(value);
  }

  #append(items: readonly Travelling[]): void {
    const target = this.#stack.top();
    const list = target instanceof PyObject ? target.items : target;
    if (!Array.isArray(list) || list instanceof PyTuple) {
      throw this.cursor.corrupt('items are appended to what is no list');
    }
    appendTo(list, items);
  }

  #setItems(flat: PyValue[]): void {
    const target = plain(this.#stack.top());
    const dict = target instanceof PyObject ? target.entries : target;
    if (!(dict instanceof PyDict)) throw this.cursor.corrupt('entries are set in what is no dict');
    this.#fill(dict, flat);
  }

  #fill(dict: PyDict, flat: PyValue[]): PyDict {
    if (flat.length % 2) throw this.cursor.corrupt('a key has no value');
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
    const target = this.#stack.top();
    if (!(target instanceof PyObject || target instanceof PySet)) {
      throw this.cursor.corrupt('items are added to what is no set');
    }
    for (const item of items) target.items.push(item);
  }

  #global(module: string, name: string): PyGlobal {
    const length = module.length + name.length;
    if (length > LONGEST_NAME) {
      throw this.cursor.corrupt(`the name of a global has ${length} characters`);
    }
    const [newModule, newName] = this.#protocol < 3 ? fromPython2(module, name) : [module, name];
    const found = new PyGlobal(newModule, newName);
    const { globals } = this.options;
    if (!globals) return found;
    const known = globals.get(found.qualifiedName);
    if (known) return known;
    globals.set(found.qualifiedName, found);
    return found;
  }

  #arguments(value: PyValue): PyValue[] {
    if (!Array.isArray(value)) throw this.cursor.corrupt('arguments are no tuple');
    return value;
  }

  #call(callable: PyValue, args: PyValue[], kwargs?: PyDict): Travelling {
    // The arguments, perhaps a shared tuple, are copied: few bytes must not copy megabytes.
    this.charge(args.length);
    return recordCall(callable, args, kwargs, this.options.rebuilders, this);
  }

  #build(state: PyValue): void {
    const target = this.#stack.top();
    if (target instanceof PyObject) target.build(state);
    if (typeof target === 'object' && target !== null) this.#receivers.get(target)?.(state);
    // Attributes of anything else (an OrderedDict's `_metadata`) have no use here.
  }

  #persistent(id: PyValue): PyValue {
    const { persistent } = this.options;
    if (!persistent) throw this.#unsupported('objects that its writer kept elsewhere (PERSID)');
    return persistent(id, this);
  }

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
    checkLimit(this.file, this.options.limits, limit, value, `${value} ${what} or more`);
  }
}
