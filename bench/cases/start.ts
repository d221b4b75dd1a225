import { readFile } from 'node:fs/promises';
import type { Case, Contestant } from '../case.js';
import { bareNest, sentimentSample, startService, type Service } from '../services.js';

const TEXT = 'I really liked that movie!';

/** A service that starts again for each turn. */
function starter(service: Service): Contestant {
  return {
    name: service.name,
    async measure() {
      const server = await startService(service);
      const memory = await memoryOf(server.pid);
      await server.stop();
      return { first: server.startMs, ...memory };
    },
  };
}

/** Resident and proportional MiB of a process, if the system reports them. */
async function memoryOf(pid: number): Promise<{ rss?: number; pss?: number }> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  const of = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)![1]) / 1024;
  return rollup === '' ? {} : { rss: of('Rss'), pss: of('Pss') };
}

export const start: Case = {
  name: 'start',
  title: 'from the start of the sentiment sample to its first answer',
  variantsAre: 'first',
  variants: ['start'],
  metrics: {
    first: { label: 'first answer', unit: 'ms' },
    rss: { label: 'resident', unit: 'MiB' },
    pss: { label: 'proportional', unit: 'MiB' },
  },
  targets: [{ metric: 'first', against: 'bare Nest', atMost: 2 }],
  rounds: 7,
  fresh: true,
  start: async ({ packages }) => [
    ...packages.map((from) => starter(sentimentSample(from, TEXT))),
    starter(bareNest()),
  ],
};

const REQUESTS = 10_000;

/** Each turn starts the service and sends it many requests. */
export const memory: Case = {
  name: 'memory',
  title: `memory of the sentiment sample after ${REQUESTS.toLocaleString('en')} requests`,
  variantsAre: 'after',
  variants: [`${REQUESTS.toLocaleString('en')} requests`],
  metrics: {
    rss: { label: 'resident', unit: 'MiB' },
    pss: { label: 'proportional', unit: 'MiB' },
  },
  targets: [{ metric: 'rss', atMost: 160 }],
  rounds: 3,
  fresh: true,
  async start({ packages, load, skip }) {
    if (process.platform !== 'linux') skip('Memory is read from /proc, which Linux has.');
    const text = 'I liked the movie a lot, but it was far too long for me. '.repeat(7);
    const loaded = (service: Service): Contestant => ({
      name: service.name,
      async measure() {
        const server = await startService(service);
        const request = { ...service.request, port: server.port };
        await load.closed(request, 8, 600_000, REQUESTS);
        const sample = await memoryOf(server.pid);
        await server.stop();
        return sample.rss === undefined ? undefined : { rss: sample.rss, pss: sample.pss! };
      },
    });
    return [...packages.map((from) => loaded(sentimentSample(from, text))), loaded(bareNest())];
  },
};
