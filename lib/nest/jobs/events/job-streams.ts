import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { TooManyJobStreamsError } from './errors.js';
import { Watcher } from './watcher.js';

/** A job as `GET` of its route has it. */
export interface ShownJob {
  readonly id: string;
  readonly state: string;
}

/** Where the states of jobs are. */
export interface JobReader {
  /** The job's state now; undefined where there is none any more. */
  read(id: string): Promise<ShownJob | undefined>;
  hasEnded(job: ShownJob): boolean;
  /**
   * Calls the listener when the job may have changed, or has ended, until what it returns is called.
   */
  watch(id: string, listener: (ended?: boolean) => void): () => void;
}

export interface JobStreamLimits {
  readonly perJob: number;
  readonly perProcess: number;
  /** Milliseconds of silence until a comment is sent, for proxies that close idle connections. */
  readonly heartbeatMs: number;
  /** Milliseconds between two states of a job. */
  readonly pauseMs: number;
  /** Milliseconds until a client has to connect again, with credentials that hold by then. */
  readonly longestMs: number;
}

const DEFAULT_LIMITS: JobStreamLimits = {
  perJob: 16,
  perProcess: 1000,
  heartbeatMs: 15_000,
  pauseMs: 100,
  longestMs: 30 * 60_000,
};

/** What a client that does not read is given to take what it was sent, when its stream ends. */
const LAST_WORDS_MS = 5000;

const GONE = Symbol('gone');
type State = ShownJob | typeof GONE;

/** One job that is followed, and by whom. */
interface Followed {
  readonly watchers: Set<Watcher<State>>;
  reading: boolean;
  /** It has changed since it was read. */
  stale: boolean;
  /** Ends a pause. */
  hurry: (() => void) | undefined;
  readonly leave: () => void;
}

/**
 * Streams of server-sent events, each of which follows a job: a `message` with the job's state, as
 * JSON, for each change that its reader is fast enough for, then `end`.
 *
 * A state's `id` is a digest of it, the same in all processes, so that a client which comes back with
 * `Last-Event-ID` is not told again what it knows.
 */
export class JobStreams {
  readonly #limits: JobStreamLimits;
  readonly #followed = new Map<string, Followed>();
  #count = 0;
  #closed = false;
  #beats: NodeJS.Timeout | undefined;

  constructor(
    private readonly jobs: JobReader,
    limits: Partial<JobStreamLimits> = {},
  ) {
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
  }

  /** How many streams are open. */
  get size(): number {
    return this.#count;
  }

  /**
   * A stream that follows a job from the state that it is in; undefined where there is nothing to
   * tell, as the job has ended and the client knows: a response without content (204) keeps an
   * `EventSource` from coming back.
   *
   * @param known The request's `Last-Event-ID`.
   * @throws TooManyJobStreamsError
   */
  open(job: ShownJob, known?: string): Readable | undefined {
    if (this.jobs.hasEnded(job) && versionOf(job) === known) return undefined;
    const { perJob, perProcess, longestMs } = this.#limits;
    if (this.#count >= perProcess) throw new TooManyJobStreamsError('process', perProcess);
    const followed = this.#follow(job.id);
    if (followed.watchers.size >= perJob) throw new TooManyJobStreamsError('job', perJob);
    const watcher = new Watcher<State>();
    watcher.show(job);
    if (this.#closed) watcher.close();
    followed.watchers.add(watcher);
    this.#count++;
    // It may have changed since it was read.
    this.#changed(job.id);
    this.#beats ??= setInterval(() => this.#beat(), this.#limits.heartbeatMs).unref();
    const stream = readableOf(this.#events(watcher, known), watcher);
    let end = setTimeout(() => {
      watcher.close();
      end = setTimeout(() => stream.destroy(), LAST_WORDS_MS).unref();
    }, longestMs).unref();
    stream.once('close', () => {
      clearTimeout(end);
      this.#leave(job.id, followed, watcher);
    });
    return stream;
  }

  #changed(id: string, ended = false): void {
    const followed = this.#followed.get(id);
    if (followed === undefined) return;
    followed.stale = true;
    // It ends once, so nothing more is to be saved up for the end of a pause.
    if (ended) followed.hurry?.();
    if (!followed.reading) void this.#read(id, followed);
  }

  /** Ends all streams; their clients may go on at another process. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#beats);
    for (const { watchers } of this.#followed.values()) {
      for (const watcher of watchers) watcher.close();
    }
  }

  #follow(id: string): Followed {
    let followed = this.#followed.get(id);
    if (followed === undefined) {
      const leave = this.jobs.watch(id, (ended) => this.#changed(id, ended));
      followed = {
        watchers: new Set(),
        reading: false,
        stale: false,
        hurry: undefined,
        leave,
      };
      this.#followed.set(id, followed);
    }
    return followed;
  }

  #leave(id: string, followed: Followed, watcher: Watcher<State>): void {
    this.#count--;
    followed.watchers.delete(watcher);
    if (followed.watchers.size === 0) {
      this.#followed.delete(id);
      followed.leave();
    }
    if (this.#count > 0) return;
    clearInterval(this.#beats);
    this.#beats = undefined;
  }

  /** Reads the state again until it is not stale, for all who follow the job together. */
  async #read(id: string, followed: Followed): Promise<void> {
    followed.reading = true;
    while (followed.stale && followed.watchers.size > 0) {
      followed.stale = false;
      try {
        const job = (await this.jobs.read(id)) ?? GONE;
        for (const watcher of followed.watchers) watcher.show(job);
      } catch {
        // It is read again with the next change, or heartbeat.
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#limits.pauseMs);
        followed.hurry = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      followed.hurry = undefined;
    }
    followed.reading = false;
  }

  /** A change that was not told, as Redis was away, is found as well. */
  #beat(): void {
    for (const [id, { watchers }] of this.#followed) {
      for (const watcher of watchers) watcher.beat();
      this.#changed(id);
    }
  }

  async *#events(watcher: Watcher<State>, known: string | undefined): AsyncGenerator<string> {
    // A comment, so that the head of the response goes out at once.
    yield ':\n\n';
    let version = known;
    for (;;) {
      const state = await watcher.next();
      if (state === undefined) return;
      if (state === GONE) return yield END;
      if (state === 'beat') {
        yield ':\n\n';
        continue;
      }
      const now = versionOf(state);
      if (now !== version) yield `id: ${now}\ndata: ${JSON.stringify(state)}\n\n`;
      version = now;
      if (this.jobs.hasEnded(state)) return yield END;
    }
  }
}

/** Not `Readable.from`, which closes after its generator: that waits for the watcher. */
function readableOf(events: AsyncGenerator<string>, watcher: Watcher<State>): Readable {
  return new Readable({
    // Nothing is made ahead of a client that does not read.
    highWaterMark: 0,
    read() {
      events.next().then(
        ({ value, done }) => this.push(done ? null : value),
        (error: Error) => this.destroy(error),
      );
    },
    destroy(error, callback) {
      watcher.close();
      callback(error);
    },
  });
}

const END = 'event: end\ndata: \n\n';

function versionOf(job: ShownJob): string {
  return createHash('sha256').update(JSON.stringify(job)).digest('base64url').slice(0, 16);
}
