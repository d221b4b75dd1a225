import type { LoadGenerator } from './load/generator.js';
import type { Package } from './package.js';
import type { Pythons } from './peers/pythons.js';

/** The numbers of one turn, by metric. */
export type Sample = Readonly<Record<string, number>>;

export interface Metric {
  readonly label: string;
  readonly unit: 'ms' | '/s' | 'MiB' | 'x' | '';
}

/**
 * A target from the issue tracker. It is only information, unless `--check` turns it into a
 * verdict.
 */
export interface Target {
  readonly metric: string;
  /** The contestant to compare with. Without one, the bound applies to the value itself. */
  readonly against?: string;
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Default: all. */
  readonly variants?: readonly string[];
}

/** A measured program: this package, the limit, or a peer. It stays ready between its turns. */
export interface Contestant {
  readonly name: string;
  /** Undefined if it does not offer the variant. */
  measure(variant: string, ms: number): Promise<Sample | undefined>;
  stop?(): Promise<void>;
}

/** The measured operation, and what it is compared with. */
export interface Case {
  readonly name: string;
  readonly title: string;
  /** The meaning of the variants, such as `tokens`. */
  readonly variantsAre: string;
  readonly variants: readonly string[];
  /** Ratios use the first. */
  readonly metrics: Readonly<Record<string, Metric>>;
  readonly targets: readonly Target[];
  /** Default 5. */
  readonly rounds?: number;
  /** Seconds of one turn. Default 1. */
  readonly seconds?: number;
  /** Whether each turn has its own process, so that a warm-up turn would have no effect. */
  readonly fresh?: boolean;
  /** The first is the subject. With `--compare`, a second subject is added. */
  start(setting: Setting): Promise<readonly Contestant[]>;
}

/** The context of a case. */
export interface Setting {
  /** This package, and with `--compare` the other one. */
  readonly packages: readonly Package[];
  /** A temporary folder of this run. */
  readonly folder: string;
  readonly pythons: Pythons;
  readonly load: LoadGenerator;
  /** Reports why a contestant or a variant is missing. */
  skip(sentence: string): void;
}
