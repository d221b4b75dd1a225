import type { Contestant, Sample, Setting } from '../case.js';
import type { InProcessAnswer, InProcessQuestion, Item } from '../programs/in-process.js';

/** Predictions of a learner as contestants, one of each package. */
export function predictions(
  setting: Setting,
  file: string,
  items: Readonly<Record<string, Item>>,
  sampleOf: (answer: InProcessAnswer) => Sample,
): Contestant[] {
  return setting.packages.map((from): Contestant => {
    const program = from.program('programs/in-process.js', [file]);
    return {
      name: from.name,
      async measure(variant, ms) {
        const question: InProcessQuestion = { item: items[variant]!, ms };
        return sampleOf(await program.ask<InProcessAnswer>(question));
      },
      stop: () => program.stop(),
    };
  });
}

/** Milliseconds of a prediction and of its runs, and the ratio of the two. */
export function timesOf({ first, second, ratio }: InProcessAnswer): Sample {
  return { predict: second, run: first, ratio };
}

/** The metrics of {@link timesOf}. */
export const TIMES = {
  predict: { label: 'predict', unit: 'ms' },
  run: { label: 'session.run', unit: 'ms' },
  ratio: { label: 'predict / session.run', unit: 'x' },
} as const;
