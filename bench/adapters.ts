import autocannon from 'autocannon';
import { benchFile, serve, stop } from './serve.js';
import { median, table } from './statistics.js';

const ADAPTERS = ['express', 'vts-express', 'fastify'];
const FIRST_PORT = 3921;
const ROUNDS = 3;

async function requestsPerSecond(port: number, connections: number): Promise<number> {
  const { requests, errors, non2xx } = await autocannon({
    url: `http://127.0.0.1:${port}/echo`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '[[0.25,0.5,1]]',
    connections,
    duration: 3,
  });
  if (errors + non2xx > 0) throw new Error(`${errors} requests failed, ${non2xx} were refused.`);
  return requests.average;
}

/** An endpoint without a model by each HTTP adapter, in turns; Nest's own for Express is the limit. */
export async function benchAdapters(): Promise<void> {
  const servers = await Promise.all(
    ADAPTERS.map((adapter, i) =>
      serve(benchFile('./adapter-server.js'), [], {
        PORT: String(FIRST_PORT + i),
        ADAPTER: adapter,
      }),
    ),
  );
  try {
    for (const i of ADAPTERS.keys()) await requestsPerSecond(FIRST_PORT + i, 8);
    const rows: string[][] = [];
    for (const connections of [1, 8, 32]) {
      const rates = ADAPTERS.map((): number[] => []);
      for (let round = 0; round < ROUNDS; round++) {
        for (const [i, all] of rates.entries()) {
          all.push(await requestsPerSecond(FIRST_PORT + i, connections));
        }
      }
      const [own = 1, ...others] = rates.map(median);
      const ratios = others.map((rate) => `${rate.toFixed(0)} (${(rate / own).toFixed(2)}x)`);
      rows.push([String(connections), own.toFixed(0), ...ratios]);
    }
    table(
      'HTTP requests/s of an endpoint without a model',
      ['connections', 'ExpressAdapter', 'VtsExpressAdapter', 'FastifyAdapter'],
      rows,
    );
  } finally {
    await Promise.all(servers.map(stop));
  }
}
