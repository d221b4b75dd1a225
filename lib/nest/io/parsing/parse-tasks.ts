import { readFrame, type FrameRules } from '../data-frame/read-frame.js';
import { readSeriesBody, type SeriesContract } from '../data-frame/read-series.js';
import { storeFrame } from '../data-frame/received-frame.js';
import { storeSeries } from '../data-frame/received-series.js';
import type { RequestBody } from '../request-body.js';

/** The tasks of the parse thread, by name. `wanted` throws when nobody is waiting any more. */
export const PARSE_TASKS = {
  frame: async (body: RequestBody, rules: FrameRules, wanted: () => void) =>
    storeFrame(await readFrame(body, rules, wanted)),
  series: async (body: RequestBody, contract: SeriesContract) =>
    storeSeries(readSeriesBody(body, contract)),
};

export type ParseTask = keyof typeof PARSE_TASKS;
export type TaskRules<Task extends ParseTask> = Parameters<(typeof PARSE_TASKS)[Task]>[1];
export type TaskResult<Task extends ParseTask> = Awaited<ReturnType<(typeof PARSE_TASKS)[Task]>>;

/** To the thread. */
export interface ParseMessage {
  readonly task: ParseTask;
  readonly body: RequestBody;
  readonly rules: unknown;
  /** Becomes 1 when nobody is waiting for the result any more. */
  readonly left: Int32Array;
}

/** From the thread: errors without their classes, because a message cannot carry classes. */
export type ParseAnswer =
  | { readonly type: 'done'; readonly result: unknown }
  | { readonly type: 'fault'; readonly fact: string; readonly remedy: string | undefined }
  | { readonly type: 'charset' }
  | { readonly type: 'error'; readonly name: string; readonly message: string };
