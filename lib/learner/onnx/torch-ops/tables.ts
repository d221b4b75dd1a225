import { Builtin, NO_KWARGS, Tuple, List, type Kwargs, type Value } from '../../python/values.js';
import type { TorchEnv } from './env.js';
import { mathTables } from './math/index.js';
import { torchvisionFunctions } from './fastai/torchvision.js';
import { nnTables } from './nn/index.js';
import { isFloating } from './promotion.js';
import { SymSize } from './size.js';
import { run, type TorchFunction, type TorchTable } from './table.js';
import { tensorMethods } from './tensor-methods.js';
import { TensorValue } from './tensor-value.js';
import { markViews } from './views.js';

/** All supported operations. */
export const tables: readonly TorchTable[] = [
  tensorMethods,
  ...mathTables,
  ...nnTables,
  torchvisionFunctions,
];

let operations: Map<string, TorchFunction> | undefined;

const LONG_NAMES: readonly (readonly [prefix: string, full: string])[] = [
  ['F.', 'torch.nn.functional.'],
];

/** Other modules that have the same functions. */
const HOMES: readonly (readonly [home: string, names: string])[] = [
  ['torch._C._VariableFunctions.', 'torch.'],
  ['torch._C._VariableFunctionsClass.', 'torch.'],
  ['torch._VF.', 'torch.'],
  ['torch.functional.', 'torch.'],
  ['torch._C._nn.', 'torch.nn.functional.'],
  ['torch._C._special.', 'torch.special.'],
  ['torch._C._linalg.', 'torch.linalg.'],
  ['torch.Tensor.', 'Tensor.'],
  ['torch._tensor.Tensor.', 'Tensor.'],
  ['torch._C.TensorBase.', 'Tensor.'],
  ['torch._C._TensorBase.', 'Tensor.'],
  ['torch.special.', 'torch.'],
  ['einops.einops.', 'einops.'],
  // `partial(F.max_pool2d, ...)`: the file holds the inner function, which calls these.
  ['torch.nn.functional._max_pool', 'torch.nn.functional.max_pool'],
  ['torch.nn.functional._adaptive_max_pool', 'torch.nn.functional.adaptive_max_pool'],
];

function all(): Map<string, TorchFunction> {
  if (operations) return operations;
  operations = new Map();
  for (const table of tables) {
    for (const [names, operation] of Object.entries(table)) {
      for (const name of names.split('|')) operations.set(fullName(name), operation);
    }
  }
  return operations;
}

/** Their names in the tables, with F for torch.nn.functional. */
export const operationNames = (): string[] =>
  tables.flatMap((table) => Object.keys(table).flatMap((names) => names.split('|')));

/** Equal for names of one operation. */
export const operationId = (name: string): number =>
  [...new Set(all().values())].indexOf(find(name)!.operation);

function fullName(name: string): string {
  const long = LONG_NAMES.find(([prefix]) => name.startsWith(prefix));
  return long ? long[1] + name.slice(long[0].length) : name;
}

interface Found {
  readonly name: string;
  readonly operation: TorchFunction;
  readonly inPlace: boolean;
}

function find(given: string): Found | undefined {
  const known = all();
  for (const name of namesOf(fullName(given))) {
    const operation = known.get(name);
    if (operation) return { name, operation, inPlace: false };
    // `add_`, `relu_`: like `add` and `relu`, but the first argument gets the result. `__add__` is
    // not such a name.
    if (name.endsWith('_') && !name.endsWith('__')) {
      const plain = known.get(name.slice(0, -1));
      if (plain && !RESHAPED_IN_PLACE.test(name)) return { name, operation: plain, inPlace: true };
    }
  }
  return undefined;
}

function* namesOf(name: string): Iterable<string> {
  yield name;
  for (const [home, names] of HOMES) {
    if (!name.startsWith(home)) continue;
    const other = names + name.slice(home.length);
    yield other;
    if (names === 'torch.special.') yield `torch.${name.slice(home.length)}`;
  }
}

/** They change a tensor's shape, not its elements. */
const RESHAPED_IN_PLACE = /\.(squeeze|unsqueeze|t|transpose|swapaxes|swapdims|resize)_$/;

export const knowsOperation = (name: string): boolean => find(name) !== undefined;

/** Calls an operation of the tables. @throws UnsupportedCodeError if it is unknown */
export function applyOperation(
  env: TorchEnv,
  name: string,
  args: readonly Value[],
  kwargs: Kwargs,
): Value {
  const found = find(name);
  if (!found) throw env.ctx.unknown(name.replace(/^Tensor\./, 'torch.Tensor.'));
  env.ctx.budget.step(10);
  const short = found.name.slice(found.name.lastIndexOf('.') + 1);
  if (args.length === 0 && kwargs.has('input') && /^input\b/.test(found.operation.signature)) {
    args = [kwargs.get('input')!];
    kwargs = new Map([...kwargs].filter(([key]) => key !== 'input'));
  }
  const compute = (first: Value | undefined): Value =>
    run(env, short, found.operation, first === undefined ? [] : [first, ...args.slice(1)], kwargs);
  const result = compute(args[0]);
  if (found.inPlace) return writeInto(env, short, args[0] ?? null, result);
  markViews(env, found.name, args, result, compute);
  return result;
}

function writeInto(env: TorchEnv, name: string, target: Value, result: Value): Value {
  const { ctx } = env;
  if (!(target instanceof TensorValue) || !(result instanceof TensorValue)) {
    throw ctx.unsupported(`${name} on a value that is not a tensor`);
  }
  assignTo(env, name, target, result);
  return target;
}

/** Replaces a tensor's elements by the result of an operation, where torch allows it. */
function assignTo(env: TorchEnv, name: string, target: TensorValue, result: TensorValue): void {
  const { ctx } = env;
  const category = (value: TensorValue): number =>
    isFloating(value.dtype) ? 2 : value.dtype === 'bool' ? 0 : 1;
  if (category(result) > category(target)) {
    throw ctx.raise(
      'RuntimeError',
      `result type ${result.dtype} can't be cast to the desired output type ${target.dtype}`,
    );
  }
  const [from, to] = [env.sizes(result), env.sizes(target)];
  for (const [i, size] of to.entries()) {
    const same = from.length === to.length && SymSize.equal(from[i]!, size);
    if (same === false) {
      throw ctx.raise('RuntimeError', `${name}: the output's shape does not match the tensor's`);
    }
  }
  if (from.length !== to.length) {
    throw ctx.raise('RuntimeError', `${name}: the output's shape does not match the tensor's`);
  }
  target.assign(env.withSizes(env.cast(result, target.dtype).value, to));
}

/** An operation as a Python function. */
export function operationAsFunction(env: () => TorchEnv, name: string): Builtin | undefined {
  const found = find(name);
  if (!found) return undefined;
  const short = name.slice(name.lastIndexOf('.') + 1);
  return new Builtin(
    short,
    (_, args, kwargs = NO_KWARGS) => env().apply(found.inPlace ? name : found.name, args, kwargs),
    found.name.startsWith('Tensor.'),
  );
}

/** Tensors of a value, in order. */
export function tensorsIn(value: Value): TensorValue[] {
  if (value instanceof TensorValue) return [value];
  if (value instanceof Tuple || value instanceof List) return value.items.flatMap(tensorsIn);
  return [];
}
