import type { Metric, Registry } from 'prom-client';

type Labels = Readonly<Record<string, string>>;

interface Value {
  readonly value: number;
  readonly labels: Record<string, string | number>;
  readonly metricName?: string;
}

/**
 * A metric whose series the counting code keeps. prom-client's own metrics find a series by a text
 * of its labels, which takes longer than everything else that a call needs. It is read like
 * prom-client's.
 */
abstract class SeriesMetric<Series> {
  readonly aggregator = 'sum';
  abstract readonly type: 'counter' | 'histogram';
  #series: [Labels, Series][] = [];

  constructor(
    registry: Registry,
    readonly name: string,
    readonly help: string,
  ) {
    registry.registerMetric(this as unknown as Metric);
  }

  /** A new series. The caller keeps it, and asks only once for the same labels. */
  add(labels: Labels): Series {
    const series = this.empty();
    this.#series.push([labels, series]);
    return series;
  }

  /** Called by `Registry.resetMetrics`. */
  reset(): void {
    for (const [, series] of this.#series) this.clear(series);
  }

  async get(): Promise<object> {
    const { name, help, type, aggregator } = this;
    const values = this.#series.flatMap(([labels, series]) => this.valuesOf(series, labels));
    return { name, help, type, aggregator, values };
  }

  protected abstract empty(): Series;
  protected abstract clear(series: Series): void;
  protected abstract valuesOf(series: Series, labels: Labels): Value[];
}

export class Count {
  value = 0;
}

export class CountMetric extends SeriesMetric<Count> {
  readonly type = 'counter';

  protected empty(): Count {
    return new Count();
  }

  protected clear(series: Count): void {
    series.value = 0;
  }

  protected valuesOf({ value }: Count, labels: Labels): Value[] {
    return value === 0 ? [] : [{ value, labels: { ...labels } }];
  }
}

export class Spread {
  sum = 0;
  count = 0;
  /** The count of each bucket; the last bucket has no upper bound. */
  readonly counts: Float64Array;

  constructor(private readonly bounds: readonly number[]) {
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const { bounds, counts } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++;
    (counts[bucket] as number)++;
    this.sum += value;
    this.count++;
  }
}

export class SpreadMetric extends SeriesMetric<Spread> {
  readonly type = 'histogram';

  constructor(
    registry: Registry,
    name: string,
    help: string,
    private readonly bounds: readonly number[],
  ) {
    super(registry, name, help);
  }

  protected empty(): Spread {
    return new Spread(this.bounds);
  }

  protected clear(series: Spread): void {
    series.sum = series.count = 0;
    series.counts.fill(0);
  }

  protected valuesOf({ sum, count, counts }: Spread, labels: Labels): Value[] {
    if (count === 0) return [];
    const { name, bounds } = this;
    let below = 0;
    const buckets = [...bounds, '+Inf'].map((le, index): Value => {
      below += counts[index] as number;
      return { value: below, labels: { le, ...labels }, metricName: `${name}_bucket` };
    });
    return [
      ...buckets,
      { value: sum, labels: { ...labels }, metricName: `${name}_sum` },
      { value: count, labels: { ...labels }, metricName: `${name}_count` },
    ];
  }
}

/** A map of maps: values by two names, without a text that joins both. */
export class TwoNames<T> {
  readonly #kept = new Map<string, Map<string, T>>();

  constructor(private readonly make: (first: string, second: string) => T) {}

  of(first: string, second: string): T {
    let inner = this.#kept.get(first);
    if (inner === undefined) this.#kept.set(first, (inner = new Map()));
    let kept = inner.get(second);
    if (kept === undefined) inner.set(second, (kept = this.make(first, second)));
    return kept;
  }

  *all(): Generator<T> {
    for (const inner of this.#kept.values()) yield* inner.values();
  }
}
