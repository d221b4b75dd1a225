import { availableParallelism } from 'node:os';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { fastai, ModelStore, type RunnerOptions } from 'nestjs-vts/serving';
import { Learner } from 'nestjs-vts/learner';
import type { Case, Contestant, Setting } from '../case.js';
import { learnerFile } from '../learners.js';
import { THIS, type Package } from '../package.js';
import { photoFile } from '../photos.js';
import { Program, type Launch } from '../program.js';
import type { CallersAnswer, CallersItem, CallersQuestion } from '../programs/callers.js';
import { textOf } from '../programs/texts.js';
import { CALLS, callersOf, sampleOf } from './callers.js';

const CALLERS = 8;
const CORES = [1, 2, 4, 8].filter((cores) => cores <= availableParallelism());
const ITEMS = ['text', 'photograph'];
const DEFAULT = 'as it starts';
/** Milliseconds per core until a runner has all its workers. */
const GROWS_MS = 1500;

/** Workers x threads that fill that many cores. */
function layouts(cores: number): RunnerOptions[] {
  const sizes = [1, 2, 4, 8].filter((size) => cores % size === 0);
  return sizes.map((workers) => ({ workers, threads: cores / workers }));
}

const nameOf = ({ workers, threads }: RunnerOptions): string => `${workers} x ${threads}`;

interface Prepared {
  readonly home: string;
  readonly items: Readonly<Record<string, CallersItem>>;
}

export const workers: Case = {
  name: 'workers',
  title: `workers x threads of a runner, ${CALLERS} callers, on so many cores`,
  variantsAre: 'cores, items',
  variants: CORES.flatMap((cores) => ITEMS.map((item) => `${cores}, ${item}`)),
  metrics: CALLS,
  targets: [],
  rounds: 3,
  async start(setting) {
    if (process.platform !== 'linux') {
      setting.skip('Cores are set apart by taskset, which Linux has.');
      return [];
    }
    const prepared = await prepare(setting);
    const names = new Map(CORES.flatMap(layouts).map((options) => [nameOf(options), options]));
    return [
      ...setting.packages.map((from) =>
        contestant(from === THIS ? DEFAULT : from.name, from, prepared, () => ({})),
      ),
      ...[...names].map(([name, options]) =>
        contestant(name, THIS, prepared, (cores) =>
          options.workers! * options.threads! === cores ? options : undefined,
        ),
      ),
    ];
  },
};

async function prepare(setting: Setting): Promise<Prepared> {
  const home = await mkdtemp(join(setting.folder, 'workers-'));
  const store = new ModelStore(home);
  const texts = await learnerFile('fastai_sentiment', 'fastai_sentiment', setting);
  await fastai.saveModel('text', texts, { store });
  const images = await learnerFile('shapes_resnet18', 'shapes', setting);
  await fastai.saveModel('photograph', images, { store });
  const learner = await Learner.load<string>(texts);
  const text = textOf(100, (part) => learner.tokenize(part));
  await learner.release();
  const photo = await photoFile('1024x768', setting.folder);
  return { home, items: { text: { text }, photograph: { photo } } };
}

/** A contestant that keeps a process for each variant. */
function contestant(
  name: string,
  from: Package,
  { home, items }: Prepared,
  optionsOf: (cores: number) => RunnerOptions | undefined,
): Contestant {
  const programs = new Map<string, Program>();
  const programOf = (variant: string, cores: number, item: string, options: RunnerOptions) => {
    if (!programs.has(variant)) {
      const runner = { home, kind: 'fastai', name: item, options } as const;
      programs.set(variant, new Program(onCores(cores, callersOf(from, runner))));
    }
    return programs.get(variant)!;
  };
  return {
    name,
    async measure(variant, ms) {
      const [cores, item] = variant.split(', ') as [string, string];
      const options = optionsOf(Number(cores));
      if (options === undefined) return undefined;
      const isNew = !programs.has(variant);
      const program = programOf(variant, Number(cores), item, options);
      const question: CallersQuestion = { item: items[item]!, ms, load: { callers: CALLERS } };
      if (isNew && options.workers === undefined) {
        await program.ask<CallersAnswer>({ ...question, ms: GROWS_MS * Number(cores) });
      }
      return sampleOf(await program.ask<CallersAnswer>(question));
    },
    async stop() {
      await Promise.all([...programs.values()].map((program) => program.stop()));
    },
  };
}

function onCores(cores: number, { command, args, ...rest }: Launch): Launch {
  return { command: 'taskset', args: ['-c', `0-${cores - 1}`, command, ...args], ...rest };
}
