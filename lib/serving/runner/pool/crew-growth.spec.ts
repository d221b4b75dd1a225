import { describe, expect, it } from 'vitest';
import { CrewGrowth, type GrowthMeter } from './crew-growth.js';

/** A machine on which the event loop and the process use so much of their time. */
function machine(cores: number, loop = 0.1, used = 1.1, idle = 1) {
  const state = { at: 0, readings: 0 };
  const meter: GrowthMeter = {
    now: () => state.at,
    loop: () => ({ active: 0, idle: 0, utilization: loop }),
    cpu: () => state.at * 1000 * used,
    idle: () => {
      state.readings++;
      return state.at * idle;
    },
    cores,
  };
  const growth = new CrewGrowth(meter);
  /** Whether another worker was asked for while answers came every 10 ms. */
  const busy = (ms: number, workers: number, late = true): boolean => {
    let wanted = false;
    for (const end = state.at + ms; state.at < end; state.at += 10) {
      wanted = growth.wants(workers, late) || wanted;
    }
    return wanted;
  };
  return { busy, state };
}

describe('CrewGrowth', () => {
  it('asks for a worker if calls wait and a core is idle', () => {
    const { busy } = machine(2);
    expect(busy(400, 1)).toBe(false);
    expect(busy(200, 1)).toBe(true);
  });

  it('starts over if no call waits for long', () => {
    const { busy } = machine(2);
    for (let i = 0; i < 5; i++) {
      expect(busy(400, 1)).toBe(false);
      expect(busy(10, 1, false)).toBe(false);
    }
  });

  it('does not if the cores are busy with workers, the event loop, another runner or another process', () => {
    expect(machine(2).busy(2000, 2)).toBe(false);
    expect(machine(1).busy(2000, 1)).toBe(false);
    expect(machine(2, 0.7).busy(2000, 1)).toBe(false);
    expect(machine(2, 0.1, 1.8).busy(2000, 1)).toBe(false);
    expect(machine(8, 0.1, 1.1, 0.2).busy(2000, 1)).toBe(false);
  });

  it("reads the system's figures at most twice in half a second", () => {
    const { busy, state } = machine(2);
    for (let i = 0; i < 100; i++) {
      busy(10, 1);
      busy(10, 1, false);
    }
    expect(state.readings).toBeGreaterThan(0);
    expect(state.readings).toBeLessThanOrEqual((2 * 2000) / 500);
  });

  it('continues while cores are free', () => {
    const { busy } = machine(4, 0.4);
    expect(busy(600, 1)).toBe(true);
    expect(busy(600, 2)).toBe(true);
    expect(busy(600, 3)).toBe(false);
  });

  it('leaves a part of a core to the existing workers', () => {
    expect(machine(1.3).busy(2000, 1)).toBe(false);
    expect(machine(1.5).busy(600, 1)).toBe(true);
    expect(machine(2.5).busy(2000, 2)).toBe(false);
  });
});
