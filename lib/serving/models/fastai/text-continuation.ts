import {
  addedWords,
  wholeText,
  type Continuation,
} from '../../../learner/fastai/text/lm/continuation.js';
import type { Slice, SliceRequest } from '../../../learner/fastai/text/lm/lm-learner.js';
import {
  checkGenerateOptions,
  checkWordCount,
  DRAW_OPTIONS,
  type DrawOptions,
} from '../../../learner/fastai/text/lm/options.js';
import { WordStream } from '../../../learner/fastai/text/lm/word-stream.js';
import type { GenerateRunOptions, StreamRunOptions } from './types.js';
import type { RunOptions } from '../../runner/runner-options-types.js';
import { requestScope } from '../../runtime/request-scope.js';
import { watchCall } from '../../runner/call-lifetime.js';

const STREAM_OPTIONS = [...DRAW_OPTIONS, 'nWords', 'signal', 'timeoutMs', 'transfer'];
const PREDICT_OPTIONS = [...STREAM_OPTIONS, 'decoder'];

type Advance = (request: SliceRequest, options: RunOptions) => Promise<Slice>;

/**
 * Continues texts in a runner's workers, a slice of a few milliseconds at a time. Each slice is a
 * call like any other and waits its turn, so a long text shares the workers with other calls. When
 * its caller leaves, no further slice is requested. Between slices the text's state is here, so any
 * worker can continue it.
 */
export class TextContinuation {
  constructor(
    private readonly tag: string,
    private readonly advance: Advance,
    private readonly timeoutMs: number,
  ) {}

  async predict(text: unknown, options: GenerateRunOptions = {}): Promise<string> {
    const { nWords, draw } = check(options, PREDICT_OPTIONS);
    const { signal, clear } = this.#limits(options);
    try {
      const begun = await this.#continue(text, nWords, draw, signal);
      return await wholeText(withProgress(begun, nWords), options.decoder);
    } finally {
      clear();
    }
  }

  stream(text: unknown, options: StreamRunOptions = {}): WordStream {
    const { nWords, draw } = check(options, STREAM_OPTIONS);
    const begin = (signal: AbortSignal): Promise<Continuation> =>
      this.#continue(text, nWords, draw, signal);
    const limits = (left: AbortSignal): Limits => this.#limits(options, left);
    return new WordStream(async function* (left) {
      const { signal, clear } = limits(left);
      try {
        yield* addedWords(await begin(signal));
      } finally {
        clear();
      }
    });
  }

  async #continue(
    text: unknown,
    nWords: number,
    options: DrawOptions,
    signal: AbortSignal,
  ): Promise<Continuation> {
    const next = async (request: SliceRequest): Promise<Slice> => {
      try {
        return await this.advance(request, { signal, timeoutMs: 0 });
      } catch (error) {
        // The reason names the caller's own call, not the slice.
        throw signal.aborted ? signal.reason : error;
      }
    };
    const first = await next({ text, nWords, options });
    async function* tokens(): AsyncGenerator<readonly string[]> {
      let slice = first;
      if (slice.tokens.length > 0) yield slice.tokens;
      while (slice.state !== undefined) {
        slice = await next({ state: slice.state, options });
        if (slice.tokens.length > 0) yield slice.tokens;
      }
    }
    return { ...(first.begun as NonNullable<Slice['begun']>), tokens: tokens() };
  }

  /**
   * One signal for everything that can end a text early. The time limit applies to the whole text.
   */
  #limits(options: RunOptions, left?: AbortSignal): Limits {
    const { callTimeoutMs = this.timeoutMs } = requestScope.getStore() ?? {};
    const { signal, timeoutMs = callTimeoutMs } = options;
    const stop = new AbortController();
    const ends = { signal, left, timeoutMs };
    const clear = watchCall(this.tag, 'predict', ends, (reason) => stop.abort(reason));
    return { signal: stop.signal, clear };
  }
}

/** Reports the finished share of the words to the job, or whatever else runs the call. */
function withProgress(continuation: Continuation, nWords: number): Continuation {
  const scope = requestScope.getStore();
  if (scope?.progress === undefined) return continuation;
  async function* tokens(): AsyncGenerator<readonly string[]> {
    let done = 0;
    for await (const slice of continuation.tokens) {
      done += slice.length;
      scope?.progress?.(done / Math.max(1, nWords));
      yield slice;
    }
  }
  return { ...continuation, tokens: tokens() };
}

interface Limits {
  readonly signal: AbortSignal;
  readonly clear: () => void;
}

function check(
  { nWords = 1, ...options }: GenerateRunOptions,
  known: readonly string[],
): { nWords: number; draw: DrawOptions } {
  return { nWords: checkWordCount(nWords), draw: checkGenerateOptions(options, known) };
}
