import type { Case, Contestant, Sample, Setting } from './case.js';
import type { BenchOptions } from './options.js';

/** All turns of a contestant in a variant. */
export interface Row {
  readonly variant: string;
  readonly contestant: string;
  readonly samples: Sample[];
}

const ROUNDS = 5;
const SECONDS = 1;

/**
 * Measures a case. Every round gives each contestant a turn, alternately forwards and backwards, so
 * that changes of the machine affect all of them.
 */
export async function measure(
  one: Case,
  setting: Setting,
  options: Pick<BenchOptions, 'rounds' | 'seconds'>,
): Promise<Row[]> {
  const rounds = options.rounds ?? one.rounds ?? ROUNDS;
  const ms = 1000 * (options.seconds ?? one.seconds ?? SECONDS);
  const contestants = await one.start(setting);
  try {
    const rows: Row[] = [];
    for (const variant of one.variants) {
      rows.push(...(await measureVariant(one, variant, contestants, rounds, ms)));
    }
    return rows;
  } finally {
    await Promise.all(contestants.map((contestant) => contestant.stop?.()));
  }
}

async function measureVariant(
  { fresh }: Case,
  variant: string,
  contestants: readonly Contestant[],
  rounds: number,
  ms: number,
): Promise<Row[]> {
  if (!fresh) for (const contestant of contestants) await contestant.measure(variant, ms);
  const rows = contestants.map(({ name }): Row => ({ variant, contestant: name, samples: [] }));
  for (let round = 0; round < rounds; round++) {
    const order = [...contestants.keys()];
    if (round % 2) order.reverse();
    for (const at of order) {
      const sample = await contestants[at]!.measure(variant, ms);
      if (sample) rows[at]!.samples.push(sample);
    }
  }
  return rows.filter(({ samples }) => samples.length > 0);
}
