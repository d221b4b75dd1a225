import type { Contestant, Sample } from '../case.js';
import type { Package } from '../package.js';
import { Program, type Launch } from '../program.js';
import type {
  CallersAnswer,
  CallersItem,
  CallersQuestion,
  CallersRunner,
} from '../programs/callers.js';

/** The program in which callers call a runner. */
export function callersOf(from: Package, runner: CallersRunner): Launch {
  return from.launch('programs/callers.js', [JSON.stringify(runner)]);
}

/** Callers of a runner in a separate process. */
export function callers(
  name: string,
  launch: Launch,
  callOf: (variant: string) => { item: CallersItem; callers: number } | undefined,
): Contestant {
  const program = new Program(launch);
  return {
    name,
    async measure(variant, ms) {
      const call = callOf(variant);
      if (call === undefined) return undefined;
      const question: CallersQuestion = { item: call.item, ms, load: { callers: call.callers } };
      return sampleOf(await program.ask<CallersAnswer>(question));
    },
    stop: () => program.stop(),
  };
}

/** Calls per second, and their durations. */
export function sampleOf({ perSecond, median, p99 }: Omit<CallersAnswer, 'rss'>): Sample {
  return { rate: perSecond, p50: median, p99 };
}

export const CALLS = {
  rate: { label: 'calls', unit: '/s' },
  p50: { label: 'p50', unit: 'ms' },
  p99: { label: 'p99', unit: 'ms' },
} as const;
