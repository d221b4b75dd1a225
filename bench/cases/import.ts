import type { Case, Contestant, Sample } from '../case.js';
import { THIS, type Package } from '../package.js';
import { askOnce } from '../program.js';
import type { ImportQuestion } from '../programs/import.js';

/** The imports of every Nest application on Express. */
const NEST = ['reflect-metadata', '@nestjs/common', '@nestjs/core', '@nestjs/platform-express'];

function importer(
  name: string,
  from: Package,
  specifiersOf: (variant: string) => string[],
): Contestant {
  const ask = (variant: string, count: boolean): Promise<Sample> => {
    const question: ImportQuestion = { specifiers: specifiersOf(variant), count };
    return askOnce<Sample>(from.launch('programs/import.js'), question);
  };
  return {
    name,
    measure: async (variant) => ({ ...(await ask(variant, false)), ...(await ask(variant, true)) }),
  };
}

export const imports: Case = {
  name: 'import',
  title: 'import of the package in a fresh process, against that of Nest',
  variantsAre: 'import',
  variants: ['nestjs-vts', 'nestjs-vts/serving', 'nestjs-vts/learner'],
  metrics: {
    wall: { label: 'time', unit: 'ms' },
    cpu: { label: 'CPU', unit: 'ms' },
    memory: { label: 'memory', unit: 'MiB' },
    files: { label: 'files', unit: '' },
  },
  targets: [
    { metric: 'wall', against: 'Nest', atMost: 1.3, variants: ['nestjs-vts'] },
    { metric: 'cpu', against: 'Nest', atMost: 1.3, variants: ['nestjs-vts'] },
  ],
  rounds: 7,
  fresh: true,
  start: async ({ packages }) => [
    ...packages.map((from) => importer(from.name, from, (variant) => [variant])),
    importer('Nest', THIS, () => NEST),
  ],
};
