import type { LoadGenerator } from './load/generator.js';
import type { Package } from './package.js';
import type { Pythons } from './peers/pythons.js';

/** The numbers of one turn, by the names of their metrics. */
export type Sample = Readonly<Record<string, number>>;

export interface Metric {
  readonly label: string;
  readonly unit: 'ms' | '/s' | 'MiB' | 'x' | '';
}

/** What the issue tracker asks of a case. It is information: only `--check` makes it a verdict. */
export interface Target {
  readonly metric: string;
  /** The contestant that the ratio is of. Without one the bound is of the value itself. */
  readonly against?: string;
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Default: all. */
  readonly variants?: readonly string[];
}

/** Who is measured: this package, the limit, a peer. It stays ready between its turns. */
export interface Contestant {
  readonly name: string;
  /** Undefined where it does not offer the variant. */
  measure(variant: string, ms: number): Promise<Sample | undefined>;
  stop?(): Promise<void>;
}

/** What is measured, and against what. */
export interface Case {
  readonly name: string;
  readonly title: string;
  /** What the variants are, such as `tokens`. */
  readonly variantsAre: string;
  readonly variants: readonly string[];
  /** The first is the one of the ratios. */
  readonly metrics: Readonly<Record<string, Metric>>;
  readonly targets: readonly Target[];
  /** Default 5. */
  readonly rounds?: number;
  /** Seconds of one turn. Default 1. */
  readonly seconds?: number;
  /** Whether each turn is a process of its own, so that a turn to warm up would be lost. */
  readonly fresh?: boolean;
  /** The first is the subject. Of `--compare` there is one more subject. */
  start(setting: Setting): Promise<readonly Contestant[]>;
}

/** What a case gets when it starts. */
export interface Setting {
  /** This package, and with `--compare` the other one. */
  readonly packages: readonly Package[];
  /** A temporary folder of this run. */
  readonly folder: string;
  readonly pythons: Pythons;
  readonly load: LoadGenerator;
  /** Tells why a contestant or a variant is not there. */
  skip(sentence: string): void;
}
