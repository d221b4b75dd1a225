import { describe, expect, it } from 'vitest';
import { Roster, type Listed } from './roster.js';

function listed(count: number): Listed[] {
  return Array.from({ length: count }, () => ({ place: -1 }));
}

describe('Roster', () => {
  it('contains items from their addition to their deletion', () => {
    const roster = new Roster();
    const [a, b, c] = listed(3) as [Listed, Listed, Listed];
    for (const item of [a, b, c]) roster.add(item);
    expect(roster.delete(a)).toBe(true);
    expect(new Set(roster)).toEqual(new Set([b, c]));
    expect(roster.delete(c)).toBe(true);
    expect(roster.delete(b)).toBe(true);
    expect(roster.size).toBe(0);
  });

  it('does not contain other items, such as those of another roster', () => {
    const [roster, other] = [new Roster(), new Roster()];
    const [a, b] = listed(2) as [Listed, Listed];
    roster.add(a);
    other.add(b);
    expect(roster.delete(b)).toBe(false);
    expect(roster.delete(a)).toBe(true);
    expect(roster.delete(a)).toBe(false);
    expect([...other]).toEqual([b]);
  });

  it('lets a loop delete all items', () => {
    const roster = new Roster();
    const items = listed(5);
    for (const item of items) roster.add(item);
    let seen = 0;
    for (const item of roster) seen += Number(roster.delete(item));
    expect([seen, roster.size]).toEqual([5, 0]);
  });
});
