import { VtsError } from '../../errors/index.js';
import { UnsupportedPickleError } from '../errors.js';
import { append, copyFloats, floatPlaces, travelling, type Travelling } from '../float-lists.js';
import { checkLimit, type ReadLimits } from '../limits.js';
import { PyDict, PyGlobal, PyObject, PySet, PyTuple, type PyValue } from '../python.js';
import { recordCall } from './calls.js';
import type { Cursor } from './cursor.js';
import { Op, opTable } from './opcodes.js';
import { fromPython2 } from './python2-names.js';
import type { RebuildContext, Rebuilders } from './rebuilder.js';
import { fromRenamed } from '../../runtime/renamed.js';
import { readMemoIndex, readScalar } from './scalars.js';
import { PickleStack, plain } from './stack.js';

const HIGHEST_PROTOCOL = 5;
/** The most characters in the name of a module and class. */
const LONGEST_NAME = 4096;

export interface MachineOptions {
  readonly limits: Readonly<ReadLimits>;
  readonly rebuilders: Rebuilders;
  /** Resolves a persistent id (to a storage); without it such ids are an error. */
  readonly persistent?: (id: PyValue, context: RebuildContext) => PyValue;
  /** Reads what follows the state of an object in the stream, and replaces the object with it. */
  readonly behindState?: (record: PyObject, cursor: Cursor) => PyValue | undefined;
  /** Collects the globals that the pickle names, by qualified name. */
  readonly globals?: Map<string, PyGlobal>;
}

/**
 * Reads one pickle, protocols 0 to 5, without running anything: each call becomes a record, a
 * {@link PyObject}, or the value that a rebuilder of the closed list makes from it. No name is
 * looked up, and nothing recurses: nesting uses the stack of this machine, not JavaScript's.
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

  /** The pickled value; afterwards the cursor is after the pickle. */
  run(): PyValue {
    const { cursor } = this;
    const { maxOperations } = this.options.limits;
    const { STOP } = Op;
    try {
      for (let operations = 1; ; operations++) {
        if (operations > maxOperations) this.#limit('maxOperations', operations, 'opcodes');
        const op = cursor.uint8();
        const step = PickleMachine.#STEPS[op];
        if (step !== undefined) step(this, cursor);
        else if (op === STOP) break;
        else {
          const scalar = readScalar(op, cursor);
          if (scalar === undefined) throw cursor.corrupt(`0x${op.toString(16)} is not an opcode`);
          this.#stack.push(scalar);
        }
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

  /** Actions of the opcodes that do not push a scalar. */
  static readonly #STEPS = opTable<(machine: PickleMachine, cursor: Cursor) => void>([
    [Op.FLOAT, (m, cursor) => m.#stack.push(travelling(readScalar(Op.FLOAT, cursor)!))],
    [Op.BINFLOAT, (m, cursor) => m.#stack.push(travelling(cursor.float64()))],
    [Op.PROTO, (m, cursor) => m.#setProtocol(cursor.uint8())],
    // A frame only helps a reader of streams to read ahead.
    [Op.FRAME, (_, cursor) => void cursor.length64()],
    [Op.MARK, (m) => m.#stack.mark()],
    [Op.POP, (m) => m.#stack.drop()],
    [Op.POP_MARK, (m) => void m.#stack.popMarked()],
    [Op.DUP, (m) => m.#stack.push(m.#stack.top())],

    [Op.EMPTY_TUPLE, (m) => m.#stack.push(new PyTuple())],
    [Op.TUPLE1, (m) => m.#stack.push(m.#stack.popTuple(1))],
    [Op.TUPLE2, (m) => m.#stack.push(m.#stack.popTuple(2))],
    [Op.TUPLE3, (m) => m.#stack.push(m.#stack.popTuple(3))],
    [Op.TUPLE, (m) => m.#stack.push(m.#stack.popMarkedTuple())],
    [Op.EMPTY_LIST, (m) => m.#stack.push([])],
    [Op.LIST, (m) => m.#stack.push(m.#stack.popMarkedList())],
    [Op.EMPTY_DICT, (m) => m.#stack.push(new PyDict())],
    [Op.DICT, (m) => m.#stack.push(m.#fill(new PyDict(), m.#stack.popMarkedList()))],
    [Op.EMPTY_SET, (m) => m.#stack.push(new PySet())],
    [Op.FROZENSET, (m) => m.#stack.push(new PySet(m.#stack.popMarkedList(), true))],

    [Op.APPEND, (m) => m.#append()],
    [Op.APPENDS, (m) => m.#stack.appendMarked((below) => m.#listOf(below))],
    [Op.SETITEM, (m) => m.#setItems(m.#stack.popTuple(2))],
    [Op.SETITEMS, (m) => m.#setItems(m.#stack.popMarkedList())],
    [Op.ADDITEMS, (m) => m.#addItems(m.#stack.popMarkedList())],

    [Op.GET, (m, cursor) => m.#recall(readMemoIndex(Op.GET, cursor))],
    [Op.BINGET, (m, cursor) => m.#recall(cursor.uint8())],
    [Op.LONG_BINGET, (m, cursor) => m.#recall(cursor.uint32())],
    [Op.PUT, (m, cursor) => m.#remember(readMemoIndex(Op.PUT, cursor))],
    [Op.BINPUT, (m, cursor) => m.#remember(cursor.uint8())],
    [Op.LONG_BINPUT, (m, cursor) => m.#remember(cursor.uint32())],
    [Op.MEMOIZE, (m) => m.#remember(m.#memoSize)],

    [Op.GLOBAL, (m, cursor) => m.#stack.push(m.#global(cursor.utf8Line(), cursor.utf8Line()))],
    [Op.STACK_GLOBAL, (m) => m.#stackGlobal()],
    [
      Op.INST,
      (m, cursor) => {
        const cls = m.#global(cursor.utf8Line(), cursor.utf8Line());
        m.#stack.push(m.#call(cls, m.#stack.popMarkedList()));
      },
    ],
    [
      Op.OBJ,
      (m, cursor) => {
        const [cls, ...args] = m.#stack.popMarkedList();
        if (cls === undefined) throw cursor.corrupt('an object has no class');
        m.#stack.push(m.#call(cls, args));
      },
    ],
    [Op.REDUCE, (m) => m.#reduce()],
    [Op.NEWOBJ, (m) => m.#reduce()],
    [
      Op.NEWOBJ_EX,
      (m, cursor) => {
        const kwargs = m.#stack.pop();
        const args = m.#arguments(m.#stack.pop());
        if (!(kwargs instanceof PyDict)) throw cursor.corrupt('keyword arguments are not a dict');
        m.#stack.push(m.#call(m.#stack.pop(), args, kwargs));
      },
    ],
    [Op.BUILD, (m) => m.#build(m.#stack.pop())],

    [Op.PERSID, (m, cursor) => m.#stack.push(m.#persistent(cursor.line()))],
    [Op.BINPERSID, (m) => m.#stack.push(m.#persistent(m.#stack.pop()))],

    ...[Op.EXT1, Op.EXT2, Op.EXT4].map((op): [number, (m: PickleMachine) => never] => [
      op,
      (m) => {
        throw m.#unsupported("its writer's copyreg extension registry (EXT)");
      },
    ]),
    ...[Op.NEXT_BUFFER, Op.READONLY_BUFFER].map((op): [number, (m: PickleMachine) => never] => [
      op,
      (m) => {
        throw m.#unsupported('out-of-band buffers (protocol 5, NEXT_BUFFER)');
      },
    ]),
  ]);

  #remember(index: number): void {
    if (!(index >= 0)) throw this.cursor.corrupt('a memo index is negative');
    const { limits } = this.options;
    // Avoids making the text for each of thousands of entries.
    if (index > limits.maxMemo) {
      checkLimit(this.file, limits, 'maxMemo', index, `a memo index of ${index}`);
    }
    const value = this.#stack.top();
    if (this.#memo[index] === undefined) this.#memoSize++;
    this.#memo[index] = value;
  }

  #recall(index: number): void {
    const value = this.#memo[index];
    if (value === undefined) throw this.cursor.corrupt(`the memo has no entry ${index}`);
    this.#stack.push(value);
  }

  #append(): void {
    const item = this.#stack.popTravelling();
    append(this.#listOf(plain(this.#stack.top())), item);
  }

  #listOf(target: PyValue): PyValue[] {
    const list = target instanceof PyObject ? target.items : target;
    if (Array.isArray(list) && !(list instanceof PyTuple)) return list;
    throw this.cursor.corrupt('items are appended to something that is not a list');
  }

  #setItems(flat: PyValue[]): void {
    const target = plain(this.#stack.top());
    const dict = target instanceof PyObject ? target.entries : target;
    if (!(dict instanceof PyDict))
      throw this.cursor.corrupt('entries are set in something that is not a dict');
    this.#fill(dict, flat);
  }

  #fill(dict: PyDict, flat: PyValue[]): PyDict {
    if (flat.length % 2) throw this.cursor.corrupt('a key has no value');
    const isFloat = floatPlaces(flat);
    for (let i = 0; i < flat.length; i += 2) {
      this.#chargeKey(flat[i]!);
      dict.set(flat[i]!, flat[i + 1]!, isFloat?.(i + 1));
    }
    return dict;
  }

  /** Keys of bytes and tuples are compared through a text made from them. */
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
      throw this.cursor.corrupt('items are added to something that is not a set');
    }
    copyFloats(items, target.items, target.items.length);
    for (const item of items) target.items.push(item);
  }

  #global(module: string, name: string): PyGlobal {
    const length = module.length + name.length;
    if (length > LONGEST_NAME) {
      throw this.cursor.corrupt(`the name of a global has ${length} characters`);
    }
    const inPython3 = this.#protocol < 3 ? fromPython2(module, name) : ([module, name] as const);
    const found = new PyGlobal(...fromRenamed(...inPython3));
    const { globals } = this.options;
    if (!globals) return found;
    const known = globals.get(found.qualifiedName);
    if (known) return known;
    globals.set(found.qualifiedName, found);
    return found;
  }

  #stackGlobal(): void {
    const name = this.#stack.pop();
    const module = this.#stack.pop();
    if (typeof name !== 'string' || typeof module !== 'string') {
      throw this.cursor.corrupt('the name of a global is not a text');
    }
    this.#stack.push(this.#global(module, name));
  }

  #reduce(): void {
    const args = this.#arguments(this.#stack.pop());
    this.#stack.push(this.#call(this.#stack.pop(), args));
  }

  #arguments(value: PyValue): PyValue[] {
    if (!Array.isArray(value)) throw this.cursor.corrupt('arguments are not a tuple');
    return value;
  }

  #call(callable: PyValue, args: PyValue[], kwargs?: PyDict): Travelling {
    // The arguments, perhaps a shared tuple, are copied: a few bytes must not copy megabytes.
    this.charge(args.length);
    return recordCall(callable, args, kwargs, this.options.rebuilders, this);
  }

  #build(state: PyValue): void {
    const target = this.#stack.top();
    if (target instanceof PyObject) target.build(state);
    if (typeof target === 'object' && target !== null) this.#receivers.get(target)?.(state);
    // Attributes of anything else (an OrderedDict's `_metadata`) are not needed here.
    const { behindState } = this.options;
    if (!behindState || !(target instanceof PyObject)) return;
    const value = behindState(target, this.cursor);
    if (value === undefined) return;
    this.#stack.drop();
    this.#stack.push(value);
  }

  #persistent(id: PyValue): PyValue {
    const { persistent } = this.options;
    if (!persistent) throw this.#unsupported('objects that its writer kept elsewhere (PERSID)');
    return persistent(id, this);
  }

  #setProtocol(protocol: number): void {
    if (protocol > HIGHEST_PROTOCOL) {
      throw this.#unsupported(
        `pickle protocol ${protocol} (this reader supports 0 to ${HIGHEST_PROTOCOL})`,
      );
    }
    this.#protocol = protocol;
  }

  #unsupported(feature: string): UnsupportedPickleError {
    return new UnsupportedPickleError(this.file, feature);
  }

  #limit(limit: keyof ReadLimits, value: number, what: string): void {
    checkLimit(this.file, this.options.limits, limit, value, `at least ${value} ${what}`);
  }
}
