import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { fastai, ModelStore } from 'nestjs-vts/serving';
import type { Case, Contestant, Sample, Setting } from '../case.js';
import { learnerFile } from '../learners.js';
import { THIS, type Package } from '../package.js';
import { askOnce } from '../program.js';
import type { LoadLearnerQuestion } from '../programs/load-learner.js';

const LEARNERS = {
  text: ['fastai_sentiment', 'fastai_sentiment'],
  resnet18: ['shapes_resnet18', 'shapes'],
  tabular: ['adult_income', 'income'],
} as const;

const STORED = ': a runner of a store, its worker included';

export const load: Case = {
  name: 'load',
  title: 'loading a learner in a fresh process, the function that loads it being imported',
  variantsAre: 'learner',
  variants: [...Object.keys(LEARNERS), `text${STORED}`, `resnet18${STORED}`],
  metrics: {
    load: { label: 'load', unit: 'ms' },
    import: { label: 'import before it', unit: 'ms' },
  },
  targets: [{ metric: 'load', against: 'fastai', atMost: 0.1 }],
  rounds: 5,
  fresh: true,
  async start(setting) {
    const files: Record<string, string> = {};
    for (const [kind, [name, instead]] of Object.entries(LEARNERS)) {
      files[kind] = await learnerFile(name, instead, setting);
    }
    const own = setting.packages.map((from) => ownLoader(from, files, setting));
    return [...(await Promise.all(own)), ...fastaiLoader(setting, files)];
  },
};

/**
 * The second start of a service, with its worker thread. The cache that the first start wrote
 * beside the model exists.
 */
async function ownLoader(
  from: Package,
  files: Record<string, string>,
  { folder }: Setting,
): Promise<Contestant> {
  const home = await mkdtemp(join(folder, 'store-'));
  const ask = (question: LoadLearnerQuestion): Promise<Sample> =>
    askOnce(from.launch('programs/load-learner.js'), question);
  for (const kind of ['text', 'resnet18']) {
    await fastai.saveModel(`${kind}:1`, files[kind]!, { store: new ModelStore(home) });
    await ask({ home, name: kind });
  }
  return {
    name: from.name,
    measure: (variant) =>
      variant.endsWith(STORED)
        ? ask({ home, name: variant.slice(0, -STORED.length) })
        : ask({ file: files[variant]! }),
  };
}

function fastaiLoader(setting: Setting, files: Record<string, string>): Contestant[] {
  const found = setting.pythons.find('fastai', ['fastai', 'torchvision', 'spacy']);
  if ('missing' in found) {
    setting.skip(found.missing);
    return [];
  }
  const launch = { command: found.python, args: [THIS.path('bench/peers/fastai_load.py')] };
  return [
    {
      name: 'fastai',
      async measure(variant) {
        const file = files[variant];
        return file === undefined ? undefined : askOnce<Sample>(launch, { file });
      },
    },
  ];
}
