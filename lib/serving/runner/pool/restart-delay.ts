const FIRST_MS = 100;
const LONGEST_MS = 5000;
const LONGEST_AFTER_LOAD_MS = 30_000;

/**
 * How long to wait before a lost worker is restarted. The first restart is immediate. The delay
 * grows while workers are lost in succession without an answer, or cannot load their model.
 */
export class RestartDelay {
  #failedLoads = 0;
  #losses = 0;

  served(): void {
    this.#losses = 0;
  }

  loaded(): void {
    this.#failedLoads = 0;
  }

  next(wasReady: boolean): number {
    if (!wasReady) return Math.min(LONGEST_AFTER_LOAD_MS, FIRST_MS * 2 ** this.#failedLoads++);
    const losses = this.#losses++;
    return losses === 0 ? 0 : Math.min(LONGEST_MS, FIRST_MS * 2 ** (losses - 1));
  }
}
