import type { Case } from '../case.js';
import { THIS } from '../package.js';
import { CONNECTIONS, startAll } from './http.js';

const ADAPTERS = {
  VtsExpressAdapter: 'vts-express',
  ExpressAdapter: 'express',
  FastifyAdapter: 'fastify',
};

export const adapters: Case = {
  ...CONNECTIONS,
  name: 'adapters',
  title: 'HTTP, an endpoint without a model by each adapter',
  targets: [],
  async start(setting) {
    const request = { path: '/echo', type: 'application/json', body: '[[0.25,0.5,1]]' };
    const services = Object.entries(ADAPTERS).map(([name, ADAPTER]) => ({
      name,
      request,
      launch: () => THIS.launch('servers/adapter.js', [], { ADAPTER }),
    }));
    const [own, ...others] = services;
    const other = setting.packages.slice(1).map((from) => ({
      ...own!,
      name: from.name,
      launch: () => from.launch('servers/adapter.js', [], { ADAPTER: ADAPTERS.VtsExpressAdapter }),
    }));
    return startAll(setting, [own!, ...other, ...others]);
  },
};
