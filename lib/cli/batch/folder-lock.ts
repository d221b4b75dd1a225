import { randomBytes } from 'node:crypto';
import {
  link,
  mkdir,
  open,
  readFile,
  readlink,
  rename,
  rm,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { shortened } from '../../learner/errors/index.js';
import { hasCode } from '../../serving/store/durable.js';
import { CommandError } from '../errors.js';

/** Its name, which is also the prefix of the files that it is made from. */
export const LOCK = 'lock';
const ATTEMPTS = 3;
const AWAY_MS = 100;

/** How a process shows others that it is alive. */
export interface LockTimes {
  /** How often it does so. */
  readonly beatMs: number;
  /** A process on another machine that has not done so for this long counts as dead. */
  readonly leaseMs: number;
}

/** The longest pause of a living process is the parsing of a chunk: a few seconds. */
const TIMES: LockTimes = { beatMs: 3000, leaseMs: 30_000 };

/** Who has a lock. */
interface Holder {
  readonly machine: string;
  readonly pid: number;
  /** An id of the lock, because process ids and file ids are reused. */
  readonly token: string;
  readonly beat: string;
}

/**
 * The lock of a folder that machines share. Processes on the same machine can see whether the
 * holder is alive. Others watch its heartbeat by their own clocks, because clocks of machines
 * differ.
 */
export class FolderLock {
  #beat = 0;
  readonly #timer: NodeJS.Timeout;

  private constructor(
    private readonly path: string,
    private readonly holder: Holder,
    private readonly output: string,
    beatMs: number,
  ) {
    this.#timer = setInterval(() => void this.#show(), beatMs).unref();
  }

  /**
   * @param output The output, for messages.
   * @param machine The machine of this process.
   * @throws CommandError if another process has the lock.
   */
  static async take(
    folder: string,
    output: string,
    machine?: string,
    times = TIMES,
  ): Promise<FolderLock> {
    const here = machine ?? (await thisMachine());
    const path = join(folder, LOCK);
    const token = randomBytes(8).toString('hex');
    const self: Holder = { machine: here, pid: process.pid, token, beat: beatOf(0) };
    const own = `${path}-${token}`;
    let holder: Holder | undefined;
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const isTaken = await offer(folder, own, path, self);
        if (isTaken) {
          const lock = new FolderLock(path, self, output, times.beatMs);
          if (attempt === 0 || (await lock.#isKept())) return lock;
          await lock.release();
        }
        if (isTaken !== false) continue;
        holder = await readHolder(path);
        if (await lives(path, holder, here, times.leaseMs)) break;
        await removeStale(path, holder);
      }
    } finally {
      await rm(own, { force: true });
    }
    const where = holder && holder.machine !== here ? ` on ${nameOf(holder.machine)}` : '';
    throw new CommandError(
      `Another process${where} works on ${output}`,
      'Wait for it, or end it; the same command resumes where it stopped',
    );
  }

  /**
   * @throws CommandError if another process has taken it over, because this one was suspended for
   * too long.
   */
  async check(): Promise<void> {
    if (await this.#isOwn()) return;
    throw new CommandError(
      `Another process has taken over ${this.output}, because this one did not run for some time`,
      'Let that one finish, or run the same command once it has ended',
    );
  }

  /** Releases the lock. */
  async release(): Promise<void> {
    clearInterval(this.#timer);
    if (await this.#isOwn()) await rm(this.path, { force: true });
  }

  /** Another process that found the previous lock stale may have moved this one instead. */
  async #isKept(): Promise<boolean> {
    await setTimeout(AWAY_MS);
    return this.#isOwn();
  }

  async #isOwn(): Promise<boolean> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const holder = await readHolder(this.path);
      if (holder) return holder.token === this.holder.token;
      // Another process checks whether it is stale, and puts it back.
      await setTimeout(AWAY_MS);
    }
    return false;
  }

  /**
   * Writes in place, so that only this lock's file changes, even if the path has another file by
   * now.
   */
  async #show(): Promise<void> {
    try {
      const file = await open(this.path, 'r+');
      try {
        const found = JSON.parse(await file.readFile('utf8')) as Partial<Holder>;
        if (found.token !== this.holder.token) return;
        await file.write(JSON.stringify({ ...this.holder, beat: beatOf(++this.#beat) }), 0);
      } finally {
        await file.close();
      }
    } catch {
      // `check` reports this where it matters.
    }
  }
}

/**
 * The host, its boot time and the container, because process ids are only unique there.
 */
async function thisMachine(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const container = await readlink('/proc/self/ns/pid').catch(() => '');
  return [hostname(), boot.trim(), container].join(' ');
}

function nameOf(machine: string): string {
  return shortened(machine.split(' ', 1)[0]!, 100);
}

/** Of constant length, so that a lock is overwritten in one piece. */
function beatOf(count: number): string {
  return String(count).padStart(12, '0');
}

/** Undefined if it does not exist, or if another version wrote it. */
async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const found = JSON.parse(await readFile(path, 'utf8')) as Partial<Holder> | null;
    const { machine, pid, token, beat } = found ?? {};
    const isHolder = typeof machine === 'string' && Number.isInteger(pid) && pid! > 0;
    return isHolder ? { machine, pid: pid!, token: String(token), beat: String(beat) } : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined if the folder no longer exists, because the process with the lock has ended. */
async function offer(
  folder: string,
  own: string,
  path: string,
  self: Holder,
): Promise<boolean | undefined> {
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(own, JSON.stringify(self));
    await link(own, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Whether the holder of a lock is alive. */
async function lives(
  path: string,
  holder: Holder | undefined,
  here: string,
  leaseMs: number,
): Promise<boolean> {
  if (holder?.machine === here) return isAlive(holder.pid);
  const start = performance.now();
  while (performance.now() - start < leaseMs) {
    await setTimeout(leaseMs / 30);
    const now = await readHolder(path);
    if (!isSame(now, holder)) return now !== undefined && now.token === holder?.token;
  }
  return false;
}

function isSame(a: Holder | undefined, b: Holder | undefined): boolean {
  return a?.token === b?.token && a?.beat === b?.beat;
}

/**
 * The lock is moved away first. If two processes find it stale, only one can move it, and checks
 * that it is the same lock.
 */
async function removeStale(path: string, holder: Holder | undefined): Promise<void> {
  const aside = `${path}-stale-${randomBytes(6).toString('hex')}`;
  try {
    await rename(path, aside);
    if (!isSame(await readHolder(aside), holder)) await link(aside, path).catch(() => undefined);
  } catch {
    return;
  }
  await unlink(aside).catch(() => undefined);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}
