import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { TooManyJobStreamsError } from './errors.js';
import { Watcher } from './watcher.js';

/** A job as in the response of its `GET` route. */
export interface ShownJob {
  readonly id: string;
  readonly state: string;
}

/** The source of job states. */
export interface JobReader {
  /** The current state of the job; undefined if it no longer exists. */
  read(id: string): Promise<ShownJob | undefined>;
  hasEnded(job: ShownJob): boolean;
  /**
   * Calls the listener when the job may have changed, or has ended. Returns a function that stops
   * this.
   */
  watch(id: string, listener: (ended?: boolean) => void): () => void;
}

export interface JobStreamLimits {
  readonly perJob: number;
  readonly perProcess: number;
  /**
   * Milliseconds without an event until a comment is sent, because proxies close idle connections.
   */
  readonly heartbeatMs: number;
  /** Milliseconds between two states of a job. */
  readonly pauseMs: number;
  /** Milliseconds until a client must connect again, so that its credentials are checked again. */
  readonly longestMs: number;
}

const DEFAULT_LIMITS: JobStreamLimits = {
  perJob: 16,
  perProcess: 1000,
  heartbeatMs: 15_000,
  pauseMs: 100,
  longestMs: 30 * 60_000,
};

/** The time for a slow client to read the rest when its stream ends. */
const LAST_WORDS_MS = 5000;

const GONE = Symbol('gone');
type State = ShownJob | typeof GONE;

/** A followed job and its followers. */
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
 * JSON, for each change that its reader is fast enough to receive, then `end`.
 *
 * A state's `id` is a digest of it, the same in all processes, so a client that reconnects with
 * `Last-Event-ID` does not get a known state again.
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
   * A stream that follows a job from the state that it is in; undefined if the job has ended and
   * the client already has its final state. A response without content (204) stops an `EventSource`
   * from reconnecting.
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
    // It ends only once, so a pause to collect changes is unnecessary.
    if (ended) followed.hurry?.();
    if (!followed.reading) void this.#read(id, followed);
  }

  /** Ends all streams; their clients can reconnect to another process. */
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

  /** Reads the state until it is current, once for all followers of the job. */
  async #read(id: string, followed: Followed): Promise<void> {
    followed.reading = true;
    while (followed.stale && followed.watchers.size > 0) {
      followed.stale = false;
      try {
        const job = (await this.jobs.read(id)) ?? GONE;
        for (const watcher of followed.watchers) watcher.show(job);
      } catch {
        // It is read again at the next change or heartbeat.
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

  /** This also finds a change that was not published while Redis was down. */
  #beat(): void {
    for (const [id, { watchers }] of this.#followed) {
      for (const watcher of watchers) watcher.beat();
      this.#changed(id);
    }
  }

  async *#events(watcher: Watcher<State>, known: string | undefined): AsyncGenerator<string> {
    // A comment, so that the response headers are sent at once.
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
    // Nothing is generated before the client reads.
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
