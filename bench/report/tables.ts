import type { Metric } from '../case.js';
import { summarize, type Summary } from '../statistics.js';
import { ratio, valuesOf, type CaseResult, type TargetResult } from './results.js';

/** Header and cells of a case's table. */
export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Three digits, because more are noise; whole numbers from a hundred on. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 100 || value === 0) return Math.round(value).toLocaleString('en');
  return value.toPrecision(3);
}

/** The spread in per cent: it says which differences are noise. */
function withSpread({ median, spread }: Summary): string {
  return `${digits(median)} ±${median === 0 ? 0 : Math.round((100 * spread) / Math.abs(median))}%`;
}

/** A row for each contestant of each variant. Ratios are of the first metric, subject by other. */
export function tableOf(result: CaseResult): Table {
  const metrics = Object.entries(result.metrics);
  const [[main] = ['']] = metrics;
  const labels = metrics.map(([, { label, unit }]) => `${label}${unitOf(unit)}`);
  const alone = result.rows.every(({ contestant }) => contestant === result.rows[0]!.contestant);
  const rows = result.rows.map((row) => {
    const [own] = result.rows.filter(({ variant }) => variant === row.variant);
    const cells = metrics.map(([metric]) => {
      const values = valuesOf(row, metric);
      return values.length === 0 ? '' : withSpread(summarize(values));
    });
    const factor = own === row ? '' : `${withSpread(ratio(own!, row, main))}`;
    return [row.variant, ...(alone ? [] : [row.contestant]), ...cells, ...(alone ? [] : [factor])];
  });
  const who = alone ? [] : ['who'];
  const factor = alone ? [] : [`${result.rows[0]!.contestant} / this`];
  return { header: [result.variantsAre, ...who, ...labels, ...factor], rows };
}

function unitOf(unit: Metric['unit']): string {
  if (unit === '' || unit === 'x') return '';
  return unit === '/s' ? '/s' : ` (${unit})`;
}

/** The cells of a target: the variant, the metric, the result, the bound, and whether it is met. */
export function targetCells(
  { metric, against, atMost, atLeast, variant, value, met }: TargetResult,
  { metrics }: Pick<CaseResult, 'metrics'>,
): string[] {
  const bound = atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`;
  const { label, unit } = metrics[metric]!;
  const what = against === undefined ? `${label}${unitOf(unit)}` : `${label} / ${against}'s`;
  return [variant, what, withSpread(value), bound, met ? 'met' : 'missed'];
}

/** The case for a terminal. */
export function print(result: CaseResult): string {
  const { header, rows } = tableOf(result);
  const widths = header.map((name, column) =>
    Math.max(name.length, ...rows.map((cells) => cells[column]!.length)),
  );
  const text = (column: number): boolean => column === 0 || header[column] === 'who';
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        text(column) ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd();
  return [
    `\n${result.name}: ${result.title}`,
    ...(rows.length > 0 ? [header, ...rows].map(line) : []),
    ...result.targets.map((target) => {
      const [variant, what, value, bound, verdict] = targetCells(target, result);
      return `${variant}: ${what} ${value}, target ${bound}: ${verdict}`;
    }),
    ...result.skipped.map((sentence) => `skipped: ${sentence}`),
  ].join('\n');
}
