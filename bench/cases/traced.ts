import type { Case } from '../case.js';
import { THIS } from '../package.js';
import type { Pair } from '../statistics.js';

const NETWORKS = THIS.path('test/fixtures/code/modules');
const SHAPE = '1x3x16x16';

/** A graph that was traced from code against the same graph from known layers. */
export const traced: Case = {
  name: 'traced',
  title: "a network of a notebook's code against the same network of torch's layers, 1 thread",
  variantsAre: 'network',
  variants: ['Tiny'],
  metrics: {
    code: { label: 'code', unit: 'ms' },
    layers: { label: 'layers', unit: 'ms' },
    ratio: { label: 'code / layers', unit: 'x' },
  },
  targets: [{ metric: 'ratio', atMost: 1.05 }],
  start: async ({ packages }) =>
    packages.map((from) => {
      const files = [`${NETWORKS}/Tiny.pt`, `${NETWORKS}/tiny-layers.pt`, SHAPE];
      const program = from.program('programs/traced.js', files);
      return {
        name: from.name,
        async measure(_: string, ms: number) {
          const { first, second, ratio } = await program.ask<Pair>({ ms });
          return { layers: first, code: second, ratio };
        },
        stop: () => program.stop(),
      };
    }),
};
