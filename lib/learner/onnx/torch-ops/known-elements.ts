import type { GraphBuilder, Step } from '../graph-builder.js';
import type { Value } from '../graph.js';

/** How many operators may be between the known elements and the value. */
const MOST_OPERATORS = 64;

type Compute = (...operands: readonly number[]) => number;

/** Operators on single elements. Comparisons and logic give 0 and 1. */
const ELEMENTWISE: Readonly<Record<string, Compute>> = {
  Abs: Math.abs,
  Add: (a = 0, b = 0) => a + b,
  And: (a, b) => Number(a !== 0 && b !== 0),
  Cast: (a = 0) => a,
  Ceil: Math.ceil,
  Clip: (a = 0, low = -Infinity, high = Infinity) => Math.min(Math.max(a, low), high),
  Div: (a = 0, b = 0) => a / b,
  Equal: (a, b) => Number(a === b),
  Exp: Math.exp,
  Floor: Math.floor,
  Fmod: (a = 0, b = 0) => a % b,
  Greater: (a = 0, b = 0) => Number(a > b),
  GreaterOrEqual: (a = 0, b = 0) => Number(a >= b),
  Identity: (a = 0) => a,
  Less: (a = 0, b = 0) => Number(a < b),
  LessOrEqual: (a = 0, b = 0) => Number(a <= b),
  Log: Math.log,
  Max: Math.max,
  Min: Math.min,
  Mod: (a = 0, b = 0) => a - b * Math.floor(a / b),
  Mul: (a = 0, b = 0) => a * b,
  Neg: (a = 0) => -a,
  Not: (a) => Number(a === 0),
  Or: (a, b) => Number(a !== 0 || b !== 0),
  Relu: (a = 0) => Math.max(a, 0),
  Sign: Math.sign,
  Sigmoid: (a = 0) => 1 / (1 + Math.exp(-a)),
  Sqrt: Math.sqrt,
  Sub: (a = 0, b = 0) => a - b,
  Tanh: Math.tanh,
  Where: (a, b = 0, c = 0) => (a === 0 ? c : b),
  Xor: (a, b) => Number((a !== 0) !== (b !== 0)),
};

const sum = (items: readonly number[]): number => items.reduce((a, b) => a + b, 0);

/** Operators over all elements. */
const REDUCTIONS: Readonly<Record<string, (items: readonly number[]) => number>> = {
  ReduceMax: (items) => Math.max(...items),
  ReduceMean: (items) => sum(items) / items.length,
  ReduceMin: (items) => Math.min(...items),
  ReduceSum: sum,
};

/** Operators that pick elements of a vector by their other operands. */
const SELECTIONS: Readonly<
  Record<
    string,
    (items: readonly number[], ...by: readonly (readonly number[])[]) => readonly number[]
  >
> = {
  Gather: (items, places = []) => places.map((at) => items.at(at) ?? NaN),
  Slice: (items, [start] = [], [end] = [], _axes = [], [step = 1] = []) =>
    step === 1 ? items.slice(start, end) : [],
};

/** Operators that keep the elements in order. */
const RESHAPING = new Set(['Flatten', 'Reshape', 'Squeeze', 'Unsqueeze']);

type Elements = readonly number[] | undefined;

/** By operator, because code may ask repeatedly. */
const found = new WeakMap<Step, { readonly elements: Elements }>();

/**
 * The elements of a value that the graph computes from few known elements, such as a buffer that
 * counts steps. Undefined if it depends on anything else. Code may branch on them.
 */
export function knownElements(graph: GraphBuilder, value: Value, depth = 0): Elements {
  if (value.known) return value.known;
  const step = graph.producer(value);
  if (!step || depth > MOST_OPERATORS) return undefined;
  let result = found.get(step);
  if (!result) {
    result = { elements: computed(step, value, (input) => knownElements(graph, input, depth + 1)) };
    found.set(step, result);
  }
  return result.elements;
}

function computed(step: Step, value: Value, elementsOf: (input: Value) => Elements): Elements {
  const count = elementCount(value);
  if (count === undefined) return undefined;
  // C's remainder, which has the sign of the dividend.
  const op = step.op === 'Mod' && step.attributes['fmod'] === 1 ? 'Fmod' : step.op;
  const used = RESHAPING.has(op) || Object.hasOwn(REDUCTIONS, op) ? 1 : step.inputs.length;
  const select = Object.hasOwn(SELECTIONS, op) ? SELECTIONS[op] : undefined;
  const compute = Object.hasOwn(ELEMENTWISE, op) ? ELEMENTWISE[op] : undefined;
  const reduce = Object.hasOwn(REDUCTIONS, op) ? REDUCTIONS[op] : undefined;
  if (!compute && !reduce && !select && !RESHAPING.has(op)) return undefined;
  const operands: (readonly number[])[] = [];
  for (const input of step.inputs.slice(0, used)) {
    const elements = input && elementsOf(input);
    if (!elements) return undefined;
    operands.push(elements);
  }
  const first = operands[0] ?? [];
  if (select) {
    const selected = step.inputs[0]?.rank === 1 ? select(first, ...operands.slice(1)) : [];
    return selected.length === count && !selected.includes(NaN) ? selected : undefined;
  }
  if (!compute) {
    if (!reduce) return first;
    // Only one element is left, so all were reduced, whatever the axes are.
    return count === 1 ? [rounded(reduce(first), value)] : undefined;
  }
  if (!operands.every(({ length }) => length === count || length === 1)) return undefined;
  return Array.from({ length: count }, (_, at) =>
    rounded(compute(...operands.map((items) => items[items.length === 1 ? 0 : at]!)), value),
  );
}

function elementCount({ shape }: Value): number | undefined {
  let count = 1;
  for (const size of shape ?? [null]) {
    if (typeof size !== 'number') return undefined;
    count *= size;
  }
  return count;
}

/** Rounds an element to the type of the value. */
function rounded(element: number, { dtype }: Value): number {
  if (dtype === 'float32') return Math.fround(element);
  if (dtype === 'bool') return Number(element !== 0);
  if (dtype === 'float64') return element;
  const whole = Math.trunc(element);
  if (dtype === 'int32') return whole | 0;
  if (dtype === 'int8') return (whole << 24) >> 24;
  return dtype === 'uint8' ? whole & 255 : whole;
}

/**
 * Whether a value is computed only from constants and sizes, not from elements of an input or from
 * one of `others`.
 */
export function isOfSizesAlone(
  graph: GraphBuilder,
  value: Value,
  others: readonly Value[] = [],
): boolean {
  const waiting = [value];
  const seen = new Set<string>();
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (seen.has(next.name)) continue;
    seen.add(next.name);
    const { name } = next;
    if (graph.isInput(next) || others.some((other) => other.name === name)) return false;
    const step = graph.producer(next);
    if (!step || step.op === 'Shape') continue;
    for (const input of step.inputs) if (input) waiting.push(input);
  }
  return true;
}
