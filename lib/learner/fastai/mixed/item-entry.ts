import type { Program } from '../../onnx/tracing/program.js';
import { RaisedInCodeError } from '../../python/errors.js';
import type { Value } from '../../python/values.js';
import { PyGlobal } from '../../torch/index.js';
import type { ImageFiles } from '../code/pil/image-files.js';
import { PilImage } from '../code/pil/image-value.js';
import { BatchTuple, type BatchType } from '../data/batch-types.js';
import { isPicture, isStageOf, pictures, settled, stageOf, valueOf } from '../entry/given-item.js';
import { missingCell } from '../entry/missing-cell.js';
import { isRow } from '../entry/is-row.js';
import { openedItem } from '../entry/sent-item.js';
import { MissingColumnError, UnexpectedItemError, describeItem } from '../errors.js';
import type { InputChain } from './input-chain.js';
import type { Slot } from './input-record.js';
import { isBranch, type Tree } from './leaves.js';
import type { MadeValues } from './made-values.js';
import { numbersOf } from './numbers.js';

/** A message quotes this many characters of the exception that the learner's code raises. */
const LONGEST_REFUSAL = 200;

/**
 * Where an item of several inputs enters the lists of transforms. It enters whole, as in fastai, if
 * each list received such an item in training. Otherwise each input enters separately, from a list
 * in order or an object with the names.
 */
export class ItemEntry {
  constructor(
    private readonly program: Program,
    private readonly files: ImageFiles,
    private readonly chains: readonly InputChain[],
    private readonly values: MadeValues,
    /** Whether the tuple of the one list is unpacked. */
    private readonly spread: boolean,
  ) {}

  private get slots(): readonly Slot[] {
    return this.chains.flatMap(({ record }) => record.slots);
  }

  /** The results of the lists for an item: one tuple of inputs. */
  async enter(item: unknown): Promise<Tree> {
    const { item: sent, opens } = openedItem(item);
    const trees = await this.#treesOf(await settled(sent), opens);
    const [only] = trees;
    if (!this.spread || !only) return trees;
    return isBranch(only) ? only.slice(0, this.slots.length) : trees;
  }

  async #treesOf(given: unknown, opens: boolean): Promise<readonly Tree[]> {
    const pictured = isRow(given) ? this.#pictured(given) : undefined;
    if (pictured) return this.#fromParts(pictured, opens);
    const byName = isRow(given) ? this.#named(given) : undefined;
    // A text is a path if the training items were paths.
    const paths = this.chains.some(({ types }) => isStageOf(types, 0, 'path'));
    const stages = this.chains.map((chain) =>
      stageOf(chain.types, given, { paths, strict: paths }),
    );
    if (stages.every((stage) => stage !== undefined)) {
      try {
        return await this.#fromWhole(given, stages, paths, opens);
      } catch (error) {
        if (!byName || !(error instanceof MissingColumnError)) throw error;
      }
    }
    if (byName) return this.#fromParts(byName, opens);
    if (Array.isArray(given) && given.length === this.slots.length) {
      return this.#fromParts(given, opens);
    }
    throw new UnexpectedItemError(describeItem(given), this.#expectation);
  }

  get #expectation(): string {
    const names = this.slots.map(({ name }) => name);
    const shown = names.slice(0, 10).join(', ') + (names.length > 10 ? ', ...' : '');
    const rows = this.chains.some(({ types }) => isStageOf(types, 0, 'row'));
    return `a list of its ${names.length} inputs (${shown}), an object with these names${rows ? ', or a row of the data frame that its getters read' : ''}`;
  }

  /**
   * A row with a picture under the name of an input: getters read the inputs that it does not name.
   */
  #pictured(given: Record<string, unknown>): unknown[] | undefined {
    const own = (name: string): boolean => Object.hasOwn(given, name);
    const isThere = this.slots.some(
      ({ name, kind }) => kind === 'image' && own(name) && isPicture(given[name]),
    );
    return isThere ? this.slots.map(({ name }) => (own(name) ? given[name] : given)) : undefined;
  }

  /** The values of an object in the order of the inputs; undefined if a name is missing. */
  #named(given: Record<string, unknown>): unknown[] | undefined {
    const names = this.slots.map(({ name }) => name);
    return names.every((name) => Object.hasOwn(given, name))
      ? names.map((name) => given[name])
      : undefined;
  }

  /** fastai's way: each list receives the whole item. */
  async #fromWhole(
    given: unknown,
    stages: readonly number[],
    paths: boolean,
    opens: boolean,
  ): Promise<readonly Tree[]> {
    const starts = await Promise.all(
      this.chains.map(async (chain, i) => {
        const item = chain.opensImages ? await pictures(given, chain.mode, chain.image) : given;
        const inList = Array.isArray(given);
        return (): Value =>
          valueOf(this.program.evaluator, item, {
            paths: inList ? chain.opensImages : paths,
            list: isStageOf(chain.types, stages[i]!, 'list'),
            row: isStageOf(chain.types, stages[i]!, 'row'),
          });
      }),
    );
    return this.#made(
      () => this.chains.map((chain, i) => chain.run(starts[i]!(), stages[i]!)),
      opens,
      given,
    );
  }

  /** Each input separately, at the stage that takes it. */
  async #fromParts(parts: readonly unknown[], opens: boolean): Promise<readonly Tree[]> {
    let next = 0;
    const makers: (() => Value)[] = [];
    for (const chain of this.chains) {
      const { slots, tuple } = chain.record;
      const own = slots.map(() => parts[next++]);
      makers.push(await this.#partOf(chain, tuple === undefined ? own[0] : own, opens));
    }
    return this.#made(() => makers.map((make) => make()), opens, parts.find(isRow));
  }

  async #partOf(chain: InputChain, part: unknown, opens: boolean): Promise<() => Value> {
    const { evaluator } = this.program;
    const { tuple, slots } = chain.record;
    const paths = chain.opensImages;
    const item = paths ? await pictures(part, chain.mode, chain.image) : part;
    const stage =
      stageOf(chain.types, item, { paths, part: true }) ??
      (isPicture(item) || item instanceof PilImage ? chain.opener : undefined);
    const at = stage ?? 0;
    const value = (one: unknown): Value =>
      valueOf(evaluator, one, {
        paths,
        list:
          stage === undefined ||
          isStageOf(chain.types, at, 'list') ||
          !isStageOf(chain.types, at, 'tuple'),
        row: isStageOf(chain.types, at, 'row'),
      });
    if (!opens && chain.opensImages && !allPictures(item)) {
      throw new UnexpectedItemError(
        describeItem(part),
        `the bytes of an image as "${slots[0]!.name}"`,
      );
    }
    if (stage !== undefined && stage < chain.length) return () => chain.run(value(item), stage);
    if (tuple !== undefined && Array.isArray(item)) {
      return () => chain.assembled(item.map((one) => value(one)));
    }
    // Numbers that replace the list's result for an item.
    if (slots[0]!.kind === 'numbers' && (typeof item === 'number' || Array.isArray(item))) {
      const { values, dims } = numbersOf(item, slots[0]!.name);
      return () => this.values.untyped(values, dims);
    }
    throw new UnexpectedItemError(
      describeItem(part),
      `${NOUNS[slots[0]!.kind]} as "${slots[0]!.name}"`,
    );
  }

  async #made(
    make: () => readonly Value[],
    opens: boolean,
    given: unknown,
  ): Promise<readonly Tree[]> {
    const types = this.chains.map(({ record }): BatchType | undefined =>
      record.tuple === undefined
        ? classOf(record.slots[0]!)
        : new BatchTuple(
            record.tuple,
            record.slots.map((slot) => classOf(slot) ?? null),
          ),
    );
    try {
      return await this.values.tree(make, (work) => this.files.run(undefined, work, opens), types);
    } catch (error) {
      const told = isRow(given) ? missingCell(error, given) : error;
      if (!(told instanceof RaisedInCodeError)) throw told;
      const { exception, detail } = told;
      const refusal = `${exception}: ${detail}`.slice(0, LONGEST_REFUSAL);
      throw new UnexpectedItemError(
        `an item that its own code accepts (it refuses this one: ${refusal})`,
        this.#expectation,
      );
    }
  }
}

const NOUNS: Readonly<Record<Slot['kind'], string>> = {
  image: 'an image (a path, its bytes, a stream or raw pixels)',
  text: 'a text',
  category: 'the name of a category',
  numbers: 'a number or a list of numbers',
};

const classOf = ({ cls }: Slot): BatchType | undefined =>
  cls === '' ? undefined : new PyGlobal('fastai.torch_core', cls);

const allPictures = (item: unknown): boolean =>
  Array.isArray(item)
    ? item.every(allPictures)
    : typeof item === 'object' && item !== null && !isRow(item);
