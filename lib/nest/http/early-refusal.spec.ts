import { describe, expect, it } from 'vitest';
import type { Admission } from '../../serving/runtime/admission.js';
import { RequestScope } from '../../serving/runtime/request-scope.js';
import { RunnerOverloadedError } from '../../serving/runner/errors.js';
import { EarlyRefusal } from './early-refusal.js';
import type { RequestRecord } from './request-record.js';

const error = new RunnerOverloadedError('reviews:1', '__call__', '9 rows wait', 1);

class Door implements Admission {
  full = false;
  kept = 0;

  hold(): () => void {
    if (this.full) throw error;
    this.kept++;
    return () => this.kept--;
  }
}

const request = (): RequestRecord => ({ arrivedAt: 0 }) as RequestRecord;

/** A request whose handler calls the doors. */
function answered(early: EarlyRefusal, status: number, ...doors: Door[]): void {
  const scope = new RequestScope();
  for (const door of doors) scope.calls(door);
  early.ended({ ...request(), scope, status } as RequestRecord);
}

/** A request whose first call was refused; the client was told by the filter, or by others. */
function refused(early: EarlyRefusal, door: Door, status = 503, failure: unknown = error): void {
  const scope = new RequestScope();
  scope.calls(door);
  scope.failed(door, error);
  early.ended({ ...request(), scope, status, failure } as RequestRecord);
}

function taught(door: Door): EarlyRefusal {
  const early = new EarlyRefusal();
  for (let i = 0; i < 40; i++) answered(early, 200, door);
  refused(early, door);
  door.full = true;
  return early;
}

describe('EarlyRefusal', () => {
  it("refuses with the runner's error", () => {
    const early = taught(new Door());

    expect(early.refusal(request())).toBe(error);
  });

  it('reserves a place while the runner accepts calls', () => {
    const door = new Door();
    const early = taught(door);
    door.full = false;
    const record = request();

    expect(early.refusal(record)).toBeUndefined();
    expect(door.kept).toBe(1);
    record.release?.();
    expect(door.kept).toBe(0);
  });

  it('does not refuse before a client has got a refusal', () => {
    const door = new Door();
    const early = new EarlyRefusal();
    for (let i = 0; i < 100; i++) answered(early, 200, door);
    door.full = true;

    expect(early.refusal(request())).toBeUndefined();
  });

  it('does not refuse after only a few requests', () => {
    const door = new Door();
    const early = new EarlyRefusal();
    for (let i = 0; i < 3; i++) answered(early, 200, door);
    refused(early, door);
    door.full = true;

    expect(early.refusal(request())).toBeUndefined();
  });

  it('does not replace refusals that a filter of the application answers', () => {
    const door = new Door();
    const early = new EarlyRefusal();
    for (let i = 0; i < 40; i++) answered(early, 200, door);
    refused(early, door, 503, null);
    door.full = true;

    expect(early.refusal(request())).toBeUndefined();
  });

  it('never refuses if an answer came without a runner, such as from a cache', () => {
    const door = new Door();
    const early = taught(door);
    answered(early, 200);
    for (let i = 0; i < 40; i++) answered(early, 200, door);
    refused(early, door);

    expect(early.refusal(request())).toBeUndefined();
  });

  it('never refuses if a handler has a fallback', () => {
    const door = new Door();
    const early = taught(door);
    refused(early, door, 200);

    expect(early.refusal(request())).toBeUndefined();
  });

  it('learns again if requests call another runner first, such as after a new version', () => {
    const [old, next] = [new Door(), new Door()];
    const early = taught(old);
    answered(early, 200, next);
    expect(early.refusal(request())).toBeUndefined();

    for (let i = 0; i < 40; i++) answered(early, 200, next);
    refused(early, next);
    next.full = true;
    expect(early.refusal(request())).toBe(error);
  });

  it('gives up if requests continue to call different runners', () => {
    const doors = [new Door(), new Door()];
    const early = new EarlyRefusal();
    for (let round = 0; round < 20; round++) {
      const door = doors[round % 2] as Door;
      for (let i = 0; i < 40; i++) answered(early, 200, door);
      refused(early, door);
    }
    for (const door of doors) door.full = true;

    expect(early.refusal(request())).toBeUndefined();
  });

  it('counts only the first call, and ignores bad requests', () => {
    const [first, second] = [new Door(), new Door()];
    const early = new EarlyRefusal();
    for (let i = 0; i < 40; i++) {
      answered(early, 200, first, second);
      answered(early, 400);
    }
    refused(early, first);
    second.full = true;
    expect(early.refusal(request())).toBeUndefined();

    first.full = true;
    expect(early.refusal(request())).toBe(error);
  });

  it('lets a request through now and then as a check', () => {
    const early = taught(new Door());
    const refusals = Array.from({ length: 640 }, () => early.refusal(request()));

    expect(refusals.filter((refusal) => refusal === undefined)).toHaveLength(10);
  });
});
