import { mkdtemp } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Case, Contestant, Setting } from '../case.js';
import { HOMES } from '../learners.js';
import type { RemoteAnswer, RemoteQuestion, Way } from '../programs/remote.js';
import type { Pair } from '../statistics.js';

const CALLERS = 16;
const WAYS: readonly Way[] = ['gRPC', 'REST', 'gRPC, Unix socket', 'REST, Unix socket'];

async function contestants(
  setting: Setting,
  measure: (ask: (question: RemoteQuestion) => Promise<RemoteAnswer>) => Contestant['measure'],
): Promise<Contestant[]> {
  return Promise.all(
    setting.packages.map(async (from): Promise<Contestant> => {
      const sockets = await mkdtemp(join(setting.folder, 'remote-'));
      const args = [HOMES.fastai_sentiment, 'fastai_sentiment', sockets];
      const program = from.program('programs/remote.js', args);
      return {
        name: from.name,
        measure: measure((question) => program.ask<RemoteAnswer>(question)),
        stop: () => program.stop(),
      };
    }),
  );
}

export const remote: Case = {
  name: 'remote',
  title: 'predict of a text by a runner in workers, and by one in another process, in turns',
  variantsAre: 'way',
  variants: WAYS,
  metrics: {
    more: { label: 'remote less local', unit: 'ms' },
    local: { label: 'local', unit: 'ms' },
    remote: { label: 'remote', unit: 'ms' },
  },
  targets: [{ metric: 'more', atMost: 0.6 }],
  async start(setting) {
    return contestants(setting, (ask) => async (variant, ms) => {
      const { first, second, rest } = (await ask({ way: variant as Way, ms })) as Pair;
      return { more: rest, local: first, remote: second };
    });
  },
};

export const remoteProcesses: Case = {
  name: 'remote-processes',
  title: `texts a second by one runner whose model other processes run, ${CALLERS} callers, gRPC, ${availableParallelism()} cores`,
  variantsAre: 'processes',
  variants: ['1', '2'],
  metrics: { rate: { label: 'texts', unit: '/s' } },
  targets: [],
  async start(setting) {
    return contestants(setting, (ask) => async (variant, ms) => {
      const question = { processes: Number(variant), callers: CALLERS, ms };
      const { perSecond } = (await ask(question)) as { perSecond: number };
      return { rate: perSecond };
    });
  },
};
