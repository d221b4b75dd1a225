import { tellObservers } from '../../runtime/runner-observer.js';
import { ModelLoadError, RunnerClosedError } from '../errors.js';
import type { PoolMember, PoolMemberEvents, WorkerExit } from './pool-member.js';
import { CrewGrowth } from './crew-growth.js';
import { PoolWorker } from './pool-worker.js';
import { PoolProcess } from '../process/pool-process.js';
import type { Description } from './protocol.js';
import { RestartDelay } from './restart-delay.js';

export interface WorkerCrewOptions {
  readonly name: string;
  readonly workers: number;
  /**
   * Whether to begin with one worker, and to add others while calls wait and cores are idle.
   * @default false
   */
  readonly grows?: boolean;
  /** What says when. */
  readonly growth?: Pick<CrewGrowth, 'wants'>;
  /** Module that exports `open(init): Promise<Served>`; it is loaded in each worker. */
  readonly runnable: string;
  readonly init: unknown;
  /** Milliseconds until the worker of an abandoned task is replaced. It waits for native code. */
  readonly stuckMs: number;
  /** @default 'thread' */
  readonly isolation?: 'thread' | 'process';
  readonly script?: URL;
  readonly warn?: ((message: string) => void) | undefined;
}

export interface WorkerCrewEvents {
  free(): void;
  /** How many milliseconds the last of the waiting tasks will wait. */
  backlogMs(): number;
  /** A worker has ended, with unanswered tasks. */
  lost(exit: WorkerExit): void;
  /** The model can no longer be loaded, perhaps never again. */
  down(reason: string): void;
}

const MEMBERS = {
  thread: [PoolWorker, new URL('./worker.js', import.meta.url)],
  process: [PoolProcess, new URL('../process/child.js', import.meta.url)],
} as const;

/** A call that waits less than this does not need another worker. */
const LATE_MS = 2;

/** Keeps a number of workers, threads or processes, and replaces each that ends. */
export class WorkerCrew {
  readonly #delay = new RestartDelay();
  restarts = 0;
  #opening: Promise<Description> | undefined;
  #opened: { resolve(value: Description): void; reject(error: Error): void } | undefined;
  /** The workers' facts about the model; undefined before the first has loaded it. */
  description: Description | undefined;
  /** Whether it was given up or could not be opened. Then nothing replaces a worker that ends. */
  dismissed = false;
  #down: string | undefined;
  readonly #growth: Pick<CrewGrowth, 'wants'> | undefined;
  /** The number of workers that should exist now. */
  wanted: number;

  constructor(
    private readonly options: WorkerCrewOptions,
    private readonly members: Set<PoolMember>,
    private readonly events: WorkerCrewEvents,
  ) {
    const { grows = false, growth = new CrewGrowth(), workers } = options;
    if (grows) this.#growth = growth;
    this.wanted = grows ? 1 : workers;
  }

  /**
   * Starts the workers; resolves when all have loaded the model.
   *
   * @throws ModelLoadError if one cannot load it; the others are then closed.
   */
  open(): Promise<Description> {
    this.#opening ??= new Promise<Description>((resolve, reject) => {
      this.#opened = { resolve, reject };
      for (let i = 0; i < this.wanted; i++) this.#spawn();
    });
    return this.#opening;
  }

  get ready(): boolean {
    for (const worker of this.members) if (worker.ready) return true;
    return false;
  }

  /** Why no worker has the model; undefined if one has it, or will. */
  get downBecause(): string | undefined {
    return this.ready ? undefined : this.#down;
  }

  /** Ends the workers after their tasks, or with `force` as soon as possible. */
  async close(force: boolean): Promise<void> {
    this.dismissed = true;
    await Promise.all([...this.members].map((worker) => worker.close(force)));
  }

  /** Callers that still wait for {@link open} get an error. */
  abandonOpening(): void {
    this.#opened?.reject(new RunnerClosedError(this.options.name));
  }

  #spawn(): void {
    const { isolation = 'thread', runnable, init, stuckMs } = this.options;
    const [Member, program] = MEMBERS[isolation];
    const { script = program } = this.options;
    const begun = performance.now();
    const events: PoolMemberEvents = {
      ready: (_member, description) => this.#ready(description, performance.now() - begun),
      free: () => {
        this.#delay.served();
        this.#grow();
        this.events.free();
      },
      exit: (member, exit) => this.#exit(member, exit),
    };
    this.members.add(new Member({ script, runnable, init, stuckMs }, events));
  }

  #grow(): void {
    if (this.#growth === undefined || this.wanted >= this.options.workers) return;
    // Lost workers and those that are still loading come first.
    if (this.dismissed || this.members.size < this.wanted) return;
    for (const worker of this.members) if (!worker.ready) return;
    if (!this.#growth.wants(this.wanted, this.events.backlogMs() >= LATE_MS)) return;
    this.wanted++;
    this.#spawn();
  }

  #ready(description: Description, ms: number): void {
    this.description ??= description;
    this.#delay.loaded();
    this.#down = undefined;
    const { wanted: workers } = this;
    const { name: runner } = this.options;
    if (this.#opened === undefined) tellObservers('loaded', { runner, workers: 1, ms });
    else if ([...this.members].filter((worker) => worker.ready).length === workers) {
      // They load in parallel, so the last one's time is the total.
      tellObservers('loaded', { runner, workers, ms });
      this.#opened.resolve(this.description);
      this.#opened = undefined;
    }
    this.events.free();
  }

  #exit(worker: PoolMember, exit: WorkerExit): void {
    this.members.delete(worker);
    this.events.lost(exit);
    // The crew was given up, perhaps because another worker could not load the model, so nothing
    // replaces it.
    if (this.dismissed) return;
    const { kind, message } = exit.loadError ?? { kind: 'Error', message: exit.reason };
    if (this.#opened === undefined) {
      this.#restart(exit.wasReady, message);
      return;
    }
    const { reject } = this.#opened;
    this.#opened = undefined;
    const failed = new ModelLoadError(this.options.name, kind, message);
    void this.close(true).then(() => reject(failed));
  }

  #restart(wasReady: boolean, reason: string): void {
    const { name, warn } = this.options;
    this.restarts++;
    const delay = this.#delay.next(wasReady);
    tellObservers('restarted', { runner: name, reason });
    warn?.(`A worker of ${name} was lost (${reason}); another one starts in ${delay} ms.`);
    if (!wasReady) {
      this.#down = reason;
      if (!this.ready) this.events.down(reason);
    }
    setTimeout(() => {
      if (!this.dismissed) this.#spawn();
    }, delay).unref();
  }
}
