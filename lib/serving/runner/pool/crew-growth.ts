import { cpus } from 'node:os';
import { performance, type EventLoopUtilization } from 'node:perf_hooks';
import { usableCores } from './cores.js';

/** Calls must have waited for so long without a break. */
const BUSY_MS = 500;
/** How much more there must be of the machine than is used: less would hardly be worth the memory. */
const WORTHWHILE = 1.25;
/** Cores that must have slept, whoever uses the others: clients and databases may be on the machine. */
const IDLE_CORES = 0.25;

/** What a machine does, for tests. */
export interface GrowthMeter {
  now(): number;
  /** The part of the time since an earlier answer in which the event loop had work. */
  loop(since?: EventLoopUtilization): EventLoopUtilization;
  /** Microseconds of CPU that this process has used. */
  cpu(): number;
  /** Milliseconds that the machine's cores have slept, all together. */
  idle(): number;
  readonly cores: number;
}

const METER: GrowthMeter = {
  now: () => performance.now(),
  loop: (since) => performance.eventLoopUtilization(since),
  cpu() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  idle: () => cpus().reduce((sum, { times }) => sum + times.idle, 0),
  get cores() {
    return usableCores();
  },
};

/**
 * Tells when a crew should have one worker more: where calls wait all the time, and neither its
 * workers and the event loop, nor the process, nor the machine use what cores there are. A service that is
 * never busy pays for one model, and no call waits until another is loaded.
 */
export class CrewGrowth {
  #since: { at: number; loop: EventLoopUtilization; cpu: number } | undefined;
  #slept: { at: number; ms: number } | undefined;

  constructor(private readonly meter = METER) {}

  /**
   * Asked each time a worker has answered.
   *
   * @param late Calls wait for longer than callers should.
   */
  wants(workers: number, late: boolean): boolean {
    const { meter } = this;
    if (!late) {
      this.#since = undefined;
      return false;
    }
    const at = meter.now();
    if (this.#since === undefined) {
      this.#since = { at, loop: meter.loop(), cpu: meter.cpu() };
      // The system answers slowly, and calls may be late and on time in turns.
      if (this.#slept === undefined || at - this.#slept.at >= BUSY_MS) this.#readSleep(at);
      return false;
    }
    const ms = at - this.#since.at;
    if (ms < BUSY_MS) return false;
    const { utilization } = meter.loop(this.#since.loop);
    const used = (meter.cpu() - this.#since.cpu) / (ms * 1000);
    this.#since = undefined;
    const before = this.#slept!;
    const idle = (this.#readSleep(at) - before.ms) / (at - before.at);
    if (idle < IDLE_CORES) return false;
    return meter.cores >= WORTHWHILE * Math.max(workers + utilization, used);
  }

  #readSleep(at: number): number {
    this.#slept = { at, ms: this.meter.idle() };
    return this.#slept.ms;
  }
}
