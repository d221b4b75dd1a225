import { CallError, type Call } from '../calls/call.js';
import { explainCall, predictCall, showCall, streams } from '../calls/calls-of.js';
import { send, sendForJson } from '../calls/send.js';
import { stream } from '../calls/stream.js';
import type { Explanation, ModelCard, Shown } from '../contract.js';
import type { Input } from '../inputs/input.js';

/** A call of this session, and its outcome. */
export interface Run {
  readonly id: number;
  readonly card: ModelCard;
  readonly input: Input;
  readonly call: Call;
  readonly started: Date;
  readonly state: 'sending' | 'waiting' | 'streaming' | 'done' | 'stopped' | 'failed';
  /** The part of the body that has been sent, from 0 to 1. */
  readonly sent: number;
  /** From the click to the last byte. */
  readonly ms?: number;
  readonly answer?: AnswerValue;
  readonly error?: string;
  readonly shown?: Shown;
  readonly explanation?: Explanation;
  readonly explaining?: boolean;
  readonly explainError?: string;
}

export type AnswerValue =
  | { readonly type: 'json'; readonly value: unknown }
  | { readonly type: 'text'; readonly text: string; readonly pieces: number }
  | { readonly type: 'blob'; readonly blob: Blob; readonly contentType: string };

export type Change = (change: Partial<Run>) => void;

let runs = 0;

/** @throws CallError if the card leads to another site */
export function newRun(card: ModelCard, input: Input): Run {
  runs += 1;
  const call = predictCall(card, input);
  return { id: runs, card, input, call, started: new Date(), state: 'sending', sent: 0 };
}

/** Makes the call of a run, and reports each change. Never rejects. */
export async function perform(run: Run, change: Change, signal: AbortSignal): Promise<void> {
  const start = performance.now();
  try {
    if (streams(run.card.description)) await performStream(run, change, signal);
    else change({ answer: await performOnce(run, change, signal) });
    change({ state: 'done', ms: performance.now() - start });
  } catch (error) {
    const ms = performance.now() - start;
    if (signal.aborted) change({ state: 'stopped', ms });
    else change({ state: 'failed', error: sentenceOf(error), ms });
    return;
  }
  await look(run, change, signal);
}

/** Pictures up to this size are sent again, to show them as the model sees them. */
const LARGEST_LOOKED_AT = 4 * 1024 * 1024;

/**
 * Whether the user must request to see what the model saw, because a large file would be sent
 * again.
 */
export function isLarge({ input }: Run): boolean {
  return input.type === 'file' && (input.file?.size ?? 0) > LARGEST_LOOKED_AT;
}

async function look(run: Run, change: Change, signal: AbortSignal): Promise<void> {
  const { description } = run.card;
  const drawn = 'task' in description && ['segment', 'points'].includes(description.task);
  if (drawn || !isLarge(run)) await show(run, change, signal);
}

/** The item as the model saw it. The prediction does not need it, so a failure shows nothing. */
export async function show(run: Run, change: Change, signal?: AbortSignal): Promise<void> {
  const call = showCall(run.card, run.input);
  if (!call) return;
  try {
    change({ shown: await sendForJson<Shown>(call, signal ? { signal } : {}) });
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
  }
}

/** The reasons for the answer. Never rejects. */
export async function explain(run: Run, change: Change, target?: number): Promise<void> {
  const call = explainCall(run.card, run.input, target);
  if (!call) return;
  change({ explaining: true });
  try {
    const explanation = await sendForJson<Explanation>(call);
    change({ explaining: false, explanation });
    if (explanation.heatmap && !run.shown) await show(run, change);
  } catch (error) {
    change({ explaining: false, explainError: sentenceOf(error) });
  }
}

async function performStream({ call }: Run, change: Change, signal: AbortSignal): Promise<void> {
  const words: string[] = [];
  change({ state: 'waiting' });
  for await (const word of stream(call, signal)) {
    words.push(word);
    const text = joined(words);
    change({ state: 'streaming', answer: { type: 'text', text, pieces: words.length } });
  }
}

async function performOnce(
  { call }: Run,
  change: Change,
  signal: AbortSignal,
): Promise<AnswerValue> {
  const onSent = (sent: number) => change(sent < 1 ? { sent } : { sent, state: 'waiting' });
  const { blob, contentType } = await send(call, { signal, onSent });
  if (/\bjson\b/.test(contentType)) {
    return { type: 'json', value: JSON.parse(await blob.text()) as unknown };
  }
  if (contentType.startsWith('text/')) return { type: 'text', text: await blob.text(), pieces: 1 };
  return { type: 'blob', blob, contentType };
}

/** A language model returns bare words. Pieces with their own spaces do not change. */
function joined(words: readonly string[]): string {
  const spaced = words.some((word) => /^[\s\u2581]|\s$/.test(word));
  return words.join(spaced ? '' : ' ');
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
