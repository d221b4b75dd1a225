import type { Case, Target } from '../case.js';
import type { Row } from '../measure.js';
import { ratiosOf, summarize, type Summary } from '../statistics.js';

/** The result of one case, which `--json` writes and the tables show. */
export interface CaseResult {
  readonly name: string;
  readonly title: string;
  readonly variantsAre: string;
  readonly metrics: Case['metrics'];
  readonly rows: readonly Row[];
  readonly targets: readonly TargetResult[];
  /** Why a contestant or a variant is missing. */
  readonly skipped: readonly string[];
  readonly date: string;
}

export interface TargetResult extends Target {
  readonly variant: string;
  /** The median of the values, or of the ratios of neighbouring rounds; with its spread. */
  readonly value: Summary;
  readonly met: boolean;
}

export function valuesOf(row: Row, metric: string): number[] {
  return row.samples.flatMap((sample) => sample[metric] ?? []);
}

/** Ratios of two rows of a variant, round by round. */
export function ratio(own: Row, other: Row, metric: string): Summary {
  return summarize(ratiosOf(valuesOf(own, metric), valuesOf(other, metric)));
}

export function resultOf(one: Case, rows: readonly Row[], skipped: readonly string[]): CaseResult {
  const { name, title, variantsAre, metrics } = one;
  return {
    name,
    title,
    variantsAre,
    metrics,
    rows,
    targets: one.targets.flatMap((target) => targetResults(one, target, rows)),
    skipped,
    date: new Date().toISOString(),
  };
}

function targetResults(one: Case, target: Target, rows: readonly Row[]): TargetResult[] {
  return (target.variants ?? one.variants).flatMap((variant): TargetResult[] => {
    const ofVariant = rows.filter((row) => row.variant === variant);
    const own = ofVariant[0];
    const { against } = target;
    const other = ofVariant.find((row) => row.contestant === against);
    if (!own || (against !== undefined && !other)) return [];
    const value = other
      ? ratio(own, other, target.metric)
      : summarize(valuesOf(own, target.metric));
    const { atLeast = -Infinity, atMost = Infinity } = target;
    const met = value.median >= atLeast && value.median <= atMost;
    return [{ ...target, variant, value, met }];
  });
}
