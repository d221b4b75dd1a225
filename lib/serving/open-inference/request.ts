import { quoted, shortened } from '../../learner/errors/index.js';
import type { Datatype } from '../../client/protocol/datatypes.js';
import { InferenceMessageError } from '../../client/protocol/errors.js';
import type { InferRequest, InferTensor, TensorMetadata } from '../../client/protocol/messages.js';
import { elementsOf } from '../../client/protocol/shape.js';

/** An input that a model takes. */
export interface InputSpec extends TensorMetadata {
  /** Datatypes that are accepted besides that of the metadata. */
  readonly accepts?: readonly Datatype[];
  /**
   * Whether the reader of the tensor checks its shape: the metadata shows one of several shapes.
   */
  readonly anyShape?: true;
  /** Whether it has one element per item: [n, 1], as MLServer's clients send it, is read as [n]. */
  readonly perItem?: true;
  /** Whether it may be left out. */
  readonly optional?: true;
}

/** The inputs of a request by name. */
export type GivenInputs = ReadonlyMap<string, InferTensor>;

/**
 * Checks the inputs of a request against those of the model.
 *
 * @param others Whether inputs that the model does not name are accepted.
 * @throws InferenceMessageError for an input that is missing, unknown, duplicated, of another
 * datatype or shape, or empty.
 */
export function checkedInputs(
  { modelName, inputs }: Pick<InferRequest, 'modelName' | 'inputs'>,
  specs: readonly InputSpec[],
  others = false,
): GivenInputs {
  // Texts only for errors: this is called for every request.
  const model = (): string => `the model "${shortened(modelName)}"`;
  const given = new Map<string, InferTensor>();
  const known = new Map(specs.map((spec) => [spec.name, spec]));
  for (const input of inputs) {
    const { name } = input;
    const shown = (): string => `"${shortened(name)}"`;
    if (given.has(name)) throw wrong(`The input ${shown()} appears twice`, 'send each name once');
    const spec = known.get(name);
    if (spec === undefined && !others) {
      throw wrong(`${shown()} is not an input of ${model()}`, `send ${namesOf(specs)}`);
    }
    const taken = spec?.perItem === true ? asColumn(input) : input;
    checkTensor(taken, spec);
    given.set(name, taken);
  }
  const missing = specs.filter(({ name, optional }) => optional !== true && !given.has(name));
  if (missing.length > 0) {
    const are = missing.length === 1 ? 'is' : 'are';
    throw wrong(`${namesOf(missing)} of ${model()} ${are} missing`, 'send all inputs');
  }
  return given;
}

function asColumn(input: InferTensor): InferTensor {
  const { shape } = input;
  return shape.length === 2 && shape[1] === 1 ? { ...input, shape: shape.slice(0, 1) } : input;
}

function checkTensor({ name, datatype, shape, data }: InferTensor, spec?: InputSpec): void {
  const what = (): string => `The input "${shortened(name)}"`;
  if (spec && datatype !== spec.datatype && spec.accepts?.includes(datatype) !== true) {
    const taken = [spec.datatype, ...(spec.accepts ?? [])].join(', ');
    throw wrong(`${what()} is ${datatype}`, `send ${taken}`);
  }
  if (elementsOf(name, shape) !== data.length) {
    throw wrong(
      `${what()} has ${data.length} elements, which do not match its shape [${shape.join(', ')}]`,
      'send as many as the shape requires',
    );
  }
  if (spec && spec.anyShape !== true && !fits(shape, spec.shape)) {
    const wanted = `[${spec.shape.join(', ')}]`;
    throw wrong(`${what()} has the shape [${shape.join(', ')}]`, `send ${wanted} (-1 is any size)`);
  }
  if (shape.includes(0)) {
    throw wrong(`${what()} is empty (shape [${shape.join(', ')}])`, 'send at least one element');
  }
}

function fits(shape: readonly number[], wanted: readonly number[]): boolean {
  return (
    shape.length === wanted.length &&
    wanted.every((size, axis) => size === -1 || size === shape[axis])
  );
}

/**
 * The names of the requested outputs, in the request's order; all if it names none.
 *
 * @throws InferenceMessageError for an output that the model does not have, or that appears twice.
 */
export function wantedOutputs(
  { modelName, outputs = [] }: Pick<InferRequest, 'modelName' | 'outputs'>,
  known: readonly TensorMetadata[],
): readonly string[] {
  if (outputs.length === 0) return known.map(({ name }) => name);
  const wanted = new Set<string>();
  for (const { name } of outputs) {
    const shown = `"${shortened(name)}"`;
    if (wanted.has(name)) throw wrong(`The output ${shown} is requested twice`, 'name it once');
    if (!known.some((output) => output.name === name)) {
      throw wrong(
        `${shown} is not an output of the model "${shortened(modelName)}"`,
        `ask for ${namesOf(known)}`,
      );
    }
    wanted.add(name);
  }
  return [...wanted];
}

/** The number of items in the inputs: the first size of each. @throws InferenceMessageError */
export function itemsIn(inputs: GivenInputs, most: number): number {
  let count: number | undefined;
  let of = '';
  for (const { name, shape } of inputs.values()) {
    const [size = 1] = shape;
    if (count !== undefined && size !== count) {
      throw wrong(
        `The input "${shortened(name)}" has ${size} items, but "${shortened(of)}" has ${count}`,
        'send the same number in each',
      );
    }
    [count, of] = [size, name];
  }
  checkItems(count ?? 0, most);
  return count ?? 0;
}

/** @throws InferenceMessageError for no items, or too many. */
export function checkItems(count: number, most: number): void {
  if (count === 0) throw wrong('The request has no items', 'send at least one');
  if (count > most) {
    throw wrong(`The request has ${count} items`, `send ${most} at most (maxRows)`);
  }
}

function wrong(fact: string, remedy: string): InferenceMessageError {
  return new InferenceMessageError(fact, remedy);
}

function namesOf(list: readonly { readonly name: string }[]): string {
  return quoted(list.map(({ name }) => name));
}
