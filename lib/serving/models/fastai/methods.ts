import { NotExplainableError } from '../../../learner/fastai/errors.js';
import type { ExplainOptions } from '../../../learner/fastai/explanation.js';
import type { Learner } from '../../../learner/fastai/learner.js';
import type { DecodedRow, PredsOptions } from '../../../learner/fastai/contract.js';
import type { LMLearner, SliceRequest } from '../../../learner/fastai/text/lm/lm-learner.js';
import type { TtaOptions } from '../../../learner/fastai/tta.js';
import type { RunnerMethod } from '../../runner/runner-types.js';

/** How long one text runs before the others get their turn: about one step of a large model. */
const SLICE_MS = 5;

type Serve<L> = (learner: L, item: unknown) => Promise<unknown>;

/** What runners send to workers for a call of `explain`. */
export interface ExplainRequest extends ExplainOptions {
  readonly item: unknown;
}

/** What runners send to workers for a call of `getPreds` with options. */
export interface PredsRequest extends PredsOptions {
  readonly items: unknown;
}

/** What runners send to workers for a call of `tta`. */
export interface TtaRequest extends TtaOptions {
  readonly items: unknown;
}

/** A method of learners, by its name in JavaScript. */
interface LearnerMethod {
  /** Its name in Python, if different. */
  readonly python?: string;
  /** Whether a model's signatures may name it. */
  readonly signature?: true;
  /** Whether only other members call it: it is not a member of the runner. */
  readonly internal?: true;
  /** Whether it takes many items at once, which may be rows. */
  readonly rows?: true;
  /** The function that a worker calls, for a learner that predicts and for a language model. */
  readonly learner?: Serve<Learner>;
  readonly lm?: Serve<LMLearner>;
}

const METHODS: Readonly<Record<string, LearnerMethod>> = {
  // A language model's runner builds it from turns of `generate`.
  predict: { signature: true, learner: (learner, item) => learner.predict(item) },
  getPreds: {
    python: 'get_preds',
    signature: true,
    rows: true,
    learner: (learner, items) => learner.getPreds(items as unknown[]),
    lm: (learner, texts) => learner.getPreds(texts as string[]),
  },
  // A runner calls it for `getPreds` with options.
  predsWith: {
    internal: true,
    learner: (learner, request) => {
      const { items, ...options } = request as PredsRequest;
      return learner.getPreds(items as unknown[], options);
    },
  },
  tta: {
    learner: (learner, request) => {
      const { items, ...options } = request as TtaRequest;
      return learner.tta(items as unknown[], options);
    },
  },
  show: {
    learner: (learner, item) => learner.show(item),
    lm: (learner, text) => learner.show(text as string),
  },
  explain: {
    learner: (learner, request) => {
      const { item, ...options } = request as ExplainRequest;
      return learner.explain(item, options);
    },
    lm: async () => {
      throw notExplainable();
    },
  },
  decodeRow: { learner: async (learner, row) => learner.decodeRow(row as DecodedRow) },
  encode: { signature: true, lm: (learner, text) => learner.encode(text as string) },
  // One turn of a text in progress.
  generate: {
    internal: true,
    lm: (learner, request) => learner.slice(request as SliceRequest, SLICE_MS),
  },
};

/** Why a language model has no `explain`. */
export function notExplainable(): NotExplainableError {
  return new NotExplainableError(
    'A language model draws its words at random, so it has no single answer to explain',
    'explain a text classifier',
  );
}

const ENTRIES = Object.entries(METHODS);

function namesOf([name, { python }]: [string, LearnerMethod]): string[] {
  return python === undefined ? [name] : [name, python];
}

/** The names of all methods that a runner may call in its workers. */
export const LEARNER_METHODS = ENTRIES.flatMap(namesOf);

const MEMBERS = ENTRIES.filter(([, { internal }]) => internal !== true).flatMap(namesOf);

/** Names of methods that take many rows at once. */
export const ROW_METHODS: ReadonlySet<string> = new Set(
  ENTRIES.filter(([, { rows }]) => rows === true).flatMap(namesOf),
);

const SIGNATURES = ENTRIES.filter(([, { signature }]) => signature === true);

/** Methods that signatures may name, as Python calls them. */
export const SIGNATURE_METHODS = SIGNATURES.map(([name, { python = name }]) => python);

/** The Python names by the JavaScript names. */
export const SIGNATURE_ALIASES = new Map(
  SIGNATURES.flatMap(([name, { python }]) => (python === undefined ? [] : [[name, python]])),
);

/** The members of a runner that are methods of its learner. */
export function learnerMembers(
  methodOf: (name: string) => RunnerMethod,
): Record<string, RunnerMethod> {
  return Object.fromEntries(MEMBERS.map((name) => [name, methodOf(name)]));
}

/** The methods that a worker serves for a learner. */
export function servedMethods(
  learner: Learner | LMLearner,
): Map<string, (item: unknown) => Promise<unknown>> {
  const kind = learner.kind === 'lm' ? 'lm' : 'learner';
  return new Map(
    ENTRIES.flatMap((entry) => {
      const serve = entry[1][kind] as Serve<unknown> | undefined;
      if (serve === undefined) return [];
      return namesOf(entry).map((name) => [name, (item: unknown) => serve(learner, item)] as const);
    }),
  );
}
