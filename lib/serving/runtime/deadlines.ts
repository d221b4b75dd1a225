/** An action that runs when its deadline passes, unless it is cancelled. */
export class Deadline {
  before: Deadline | undefined;
  after: Deadline | undefined;

  constructor(
    private readonly list: DeadlineList,
    readonly at: number,
    readonly call: () => void,
  ) {}

  cancel(): void {
    this.list.remove(this);
  }
}

/** Deadlines of one duration, the earliest first, with one timer for all of them. */
class DeadlineList {
  #first: Deadline | undefined;
  #last: Deadline | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ringsAt = Infinity;

  constructor(private readonly emptied: () => void) {}

  add(at: number, call: () => void): Deadline {
    const added = new Deadline(this, at, call);
    let before = this.#last;
    // They arrive almost in the order of their deadlines.
    while (before !== undefined && before.at > at) before = before.before;
    added.before = before;
    added.after = before === undefined ? this.#first : before.after;
    if (added.after === undefined) this.#last = added;
    else added.after.before = added;
    if (before !== undefined) before.after = added;
    else {
      this.#first = added;
      // A timer that was set for an earlier deadline looks for the next one when it fires.
      if (this.#timer === undefined || at < this.#ringsAt) this.#set(at);
      else this.#timer.ref();
    }
    return added;
  }

  remove(deadline: Deadline): void {
    const { before, after } = deadline;
    if (before === undefined && this.#first !== deadline) return;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    deadline.before = deadline.after = undefined;
    // No deadline is left, so the timer must not keep the process alive.
    if (this.#first === undefined) this.#timer?.unref();
  }

  #set(at: number): void {
    clearTimeout(this.#timer);
    const ms = Math.max(1, Math.ceil(at - performance.now()));
    this.#timer = setTimeout(() => this.#ring(), ms);
    this.#ringsAt = at;
  }

  #ring(): void {
    this.#timer = undefined;
    // Timers may fire a fraction of a millisecond early.
    const now = performance.now() + 1;
    for (let due = this.#first; due !== undefined && due.at <= now; due = this.#first) {
      this.remove(due);
      due.call();
    }
    if (this.#first !== undefined) this.#set(this.#first.at);
    else if (this.#timer === undefined) this.emptied();
  }
}

const lists = new Map<number, DeadlineList>();

/**
 * Calls back after the delay, like `setTimeout`. It is for actions that are nearly always
 * cancelled: all with the same delay share a timer.
 *
 * @param since When the delay began, on the clock of `performance.now()`.
 */
export function deadline(ms: number, call: () => void, since = performance.now()): Deadline {
  let list = lists.get(ms);
  if (list === undefined) {
    list = new DeadlineList(() => lists.delete(ms));
    lists.set(ms, list);
  }
  return list.add(since + ms, call);
}
