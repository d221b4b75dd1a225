import type { BaseLearner } from '../../../learner/fastai/base-learner.js';
import type { LearnerKind, DecodedRow } from '../../../learner/fastai/contract.js';
import { Learner } from '../../../learner/fastai/learner.js';
import type { LMLearner, SliceRequest } from '../../../learner/fastai/text/lm/lm-learner.js';
import type { Served } from '../../runner/pool/protocol.js';

export interface FastaiInit {
  /** The learner's file. */
  readonly file: string;
  readonly threads: number;
  readonly onnx: string | undefined;
}

/** Loads a learner inside a worker thread. */
export async function open({ file, threads, onnx }: FastaiInit): Promise<Served> {
  const learner = await Learner.load(file, {
    intraOpNumThreads: threads,
    ...(onnx === undefined ? {} : { onnx }),
  });
  if (learner.kind === 'lm') return serveLanguageModel(learner as BaseLearner as LMLearner);
  const getPreds = (items: unknown): Promise<unknown> => learner.getPreds(items as unknown[]);
  return {
    kind: learner.kind,
    vocab: learner.vocab,
    ...(takesRows(learner.kind) ? { schema: learner.schema } : {}),
    methods: new Map([
      ['predict', (item: unknown) => learner.predict(item)],
      ['getPreds', getPreds],
      ['get_preds', getPreds],
      ['decodeRow', async (row: unknown) => learner.decodeRow(row as DecodedRow)],
    ]),
    release: () => learner.release(),
  };
}

/**
 * A text goes on for so long, then whatever waits has its turn. One step of a large model takes as
 * long.
 */
const SLICE_MS = 5;

function serveLanguageModel(learner: LMLearner): Served {
  const getPreds = (texts: unknown): Promise<unknown> => learner.getPreds(texts as string[]);
  return {
    kind: learner.kind,
    vocab: learner.vocab,
    methods: new Map<string, (item: unknown) => Promise<unknown>>([
      ['generate', (request) => learner.slice(request as SliceRequest, SLICE_MS)],
      ['getPreds', getPreds],
      ['get_preds', getPreds],
      ['encode', (text) => learner.encode(text as string)],
    ]),
    release: () => learner.release(),
  };
}

function takesRows(kind: LearnerKind): boolean {
  return kind === 'tabular' || kind === 'collab';
}
