import { Learner } from 'nestjs-vts/learner';
import type { Case } from '../case.js';
import { sampleFile } from '../learners.js';
import { textOf } from '../programs/texts.js';
import { quantile, timed } from '../statistics.js';
import { sentimentSample, startService } from '../services.js';

const TOKENS = 3000;
const CONNECTIONS = 64;

/** Whether the service answers probes while its workers compute. */
export const probes: Case = {
  name: 'probes',
  title: `GET /livez while ${CONNECTIONS} connections send texts of ${TOKENS} tokens`,
  variantsAre: 'load',
  variants: [`${CONNECTIONS} connections`],
  metrics: {
    p50: { label: 'p50', unit: 'ms' },
    p99: { label: 'p99', unit: 'ms' },
    worst: { label: 'worst', unit: 'ms' },
  },
  targets: [],
  seconds: 2,
  async start({ packages, load }) {
    const learner = await Learner.load<string>(await sampleFile('fastai_sentiment'));
    const text = textOf(TOKENS, (part) => learner.tokenize(part));
    await learner.release();
    return Promise.all(
      packages.map(async (from) => {
        const service = sentimentSample(from, text);
        const server = await startService(service);
        const url = `http://127.0.0.1:${server.port}/livez`;
        const probe = async (): Promise<unknown> => (await fetch(url)).arrayBuffer();
        return {
          name: from.name,
          async measure(_: string, ms: number) {
            const request = { ...service.request, port: server.port };
            let served = false;
            const all = load.closed(request, CONNECTIONS, ms).finally(() => (served = true));
            const times: number[] = [];
            while (!served) {
              times.push(await timed(probe));
              await new Promise((resolve) => setTimeout(resolve, 2));
            }
            await all;
            const at = (share: number): number => quantile(times, share);
            return { p50: at(0.5), p99: at(0.99), worst: at(1) };
          },
          stop: () => server.stop(),
        };
      }),
    );
  },
};
