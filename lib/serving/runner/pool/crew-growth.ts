import { performance, type EventLoopUtilization } from 'node:perf_hooks';
import { usableCores } from './cores.js';

/** Calls must have come behind each other for so long without a break. */
const BUSY_MS = 500;
/** What the process must leave to another worker: less would hardly make it worth its memory. */
const SPARE_CORES = 0.75;
/** What may be missing then, as workers and event loop wait for each other at times. */
const MISSING_CORES = 0.3;

/** What a machine does, for tests. */
export interface GrowthMeter {
  now(): number;
  /** The part of the time since an earlier answer in which the event loop had work. */
  loop(since?: EventLoopUtilization): EventLoopUtilization;
  /** Microseconds of CPU that this process has used. */
  cpu(): number;
  readonly cores: number;
}

const METER: GrowthMeter = {
  now: () => performance.now(),
  loop: (since) => performance.eventLoopUtilization(since),
  cpu() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  get cores() {
    return usableCores();
  },
};

/**
 * Tells when a crew should have one worker more: where none has a break, and neither its
 * workers and the event loop nor the process as a whole use what cores there are. A service that is
 * never busy pays for one model, and no call waits until another is loaded.
 */
export class CrewGrowth {
  #since: { at: number; loop: EventLoopUtilization; cpu: number } | undefined;

  constructor(private readonly meter = METER) {}

  /**
   * Asked each time a worker has answered.
   *
   * @param busy The other workers run, and this one has its next call.
   */
  wants(workers: number, busy: boolean): boolean {
    const { meter } = this;
    if (!busy) {
      this.#since = undefined;
      return false;
    }
    const at = meter.now();
    if (this.#since === undefined) {
      this.#since = { at, loop: meter.loop(), cpu: meter.cpu() };
      return false;
    }
    const ms = at - this.#since.at;
    if (ms < BUSY_MS) return false;
    const { utilization } = meter.loop(this.#since.loop);
    const used = (meter.cpu() - this.#since.cpu) / (ms * 1000);
    this.#since = undefined;
    // The event loop has as much more to do as more calls are run.
    const needed = (workers + 1) * (1 + utilization / workers);
    return needed <= meter.cores + MISSING_CORES && used <= meter.cores - SPARE_CORES;
  }
}
