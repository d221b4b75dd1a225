import { cpus } from 'node:os';
import { performance, type EventLoopUtilization } from 'node:perf_hooks';
import { usableCores } from './cores.js';

/** Calls must have waited for this long without a break. */
const BUSY_MS = 500;
/**
 * How much larger the machine must be than its used part. With less, a further worker would hardly
 * be worth its memory.
 */
const WORTHWHILE = 1.25;
/**
 * How many cores must have been idle, whoever uses the others: clients and databases may be on the
 * machine.
 */
const IDLE_CORES = 0.25;

/** Measurements of the machine, which tests replace. */
export interface GrowthMeter {
  now(): number;
  /** The share of the time since an earlier result in which the event loop had work. */
  loop(since?: EventLoopUtilization): EventLoopUtilization;
  /** The CPU time that this process has used, in microseconds. */
  cpu(): number;
  /** The idle time of all the machine's cores together, in milliseconds. */
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
 * Decides when a crew should get another worker. That is when calls wait all the time, and neither
 * its workers and the event loop, nor the process, nor the machine use all cores. A service that is
 * never busy pays for one model, and no call waits until another is loaded.
 */
export class CrewGrowth {
  #since: { at: number; loop: EventLoopUtilization; cpu: number } | undefined;
  #slept: { at: number; ms: number } | undefined;

  constructor(private readonly meter = METER) {}

  /**
   * Called each time that a worker has answered.
   *
   * @param late Calls wait longer than they should.
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
      // These system calls are slow, and calls may be late and on time in turns.
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
