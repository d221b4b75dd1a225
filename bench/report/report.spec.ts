import { describe, expect, it } from 'vitest';
import type { Case } from '../case.js';
import type { Row } from '../measure.js';
import { fill } from './pages.js';
import { resultOf } from './results.js';
import type { Run } from './run.js';
import { digits, print } from './tables.js';

const ONE: Pick<Case, 'name' | 'title' | 'variantsAre' | 'variants' | 'metrics' | 'targets'> = {
  name: 'one',
  title: 'this against that',
  variantsAre: 'size',
  variants: ['small', 'large'],
  metrics: { time: { label: 'time', unit: 'ms' }, tail: { label: 'tail', unit: 'x' } },
  targets: [
    { metric: 'time', against: 'limit', atMost: 1.5 },
    { metric: 'tail', atLeast: 3, variants: ['small'] },
  ],
};
const row = (variant: string, contestant: string, times: number[]): Row => ({
  variant,
  contestant,
  samples: times.map((time) => ({ time, ...(contestant === 'own' && { tail: 2 }) })),
});
const ROWS = [
  row('small', 'own', [2, 4, 3]),
  row('small', 'limit', [1, 2, 3]),
  row('large', 'own', [300, 300, 330]),
  row('large', 'limit', [300, 300, 300]),
];
const RESULT = resultOf(ONE as Case, ROWS, ['No peer is installed.']);

describe('resultOf', () => {
  it('compares the median of the rounds’ ratios with targets', () => {
    expect(RESULT.targets.map(({ variant, value, met }) => [variant, value.median, met])).toEqual([
      ['small', 2, false],
      ['large', 1, true],
      ['small', 2, false],
    ]);
  });

  it('leaves out targets for missing contestants', () => {
    const alone = ROWS.filter(({ contestant }) => contestant === 'own');
    expect(resultOf(ONE as Case, alone, []).targets.map(({ metric }) => metric)).toEqual(['tail']);
  });
});

describe('print', () => {
  it('gives each contestant a line, with the ratio of the subject', () => {
    expect(print(RESULT)).toBe(`
one: this against that
size   who    time (ms)      tail  own / this
small  own    3.00 ±33%  2.00 ±0%
small  limit  2.00 ±50%              2.00 ±0%
large  own      300 ±0%  2.00 ±0%
large  limit    300 ±0%              1.00 ±0%
small: time / limit's 2.00 ±0%, target at most 1.5: missed
large: time / limit's 1.00 ±0%, target at most 1.5: met
small: tail 2.00 ±0%, target at least 3: missed
skipped: No peer is installed.`);
  });
});

describe('digits', () => {
  it.each([
    [0.012345, '0.0123'],
    [12.345, '12.3'],
    [1234.5, '1,235'],
    [0, '0'],
    [NaN, '-'],
  ])('%d as %s', (value, text) => {
    expect(digits(value)).toBe(text);
  });
});

describe('fill', () => {
  const run: Run = {
    machine: { cores: 2, processor: 'Some CPU', system: 'linux x64', node: 'v20.20.2' },
    compare: undefined,
    cases: [RESULT],
  };

  it('puts the table of a case between its marks, repeatedly', () => {
    const page = 'Before\n\n<!-- bench one -->\n<!-- /bench -->\n\nAfter\n';
    const filled = fill(page, run);
    expect(filled).toContain('| small | own | 3.00 ±33% | 2.00 ±0% |  |');
    expect(filled).toContain('- No peer is installed.');
    expect(filled.startsWith('Before\n\n<!-- bench one -->\n')).toBe(true);
    expect(filled.endsWith('<!-- /bench -->\n\nAfter\n')).toBe(true);
    expect(fill(filled, run).match(/small \| own/g)).toHaveLength(1);
  });

  it('does not change marks of cases that never ran', () => {
    const page = '<!-- bench other -->\n\nkept\n\n<!-- /bench -->\n';
    expect(fill(page, run)).toBe(page);
  });

  it('lists targets and the machine', () => {
    const page = '<!-- bench targets -->\n<!-- /bench -->\n<!-- bench machine -->\n<!-- /bench -->';
    const filled = fill(page, run);
    expect(filled).toContain("| `one` | large | time / limit's | 1.00 ±0% | at most 1.5 | met |");
    expect(filled).toContain('2 cores of Some CPU, linux x64, Node v20.20.2.');
  });
});
