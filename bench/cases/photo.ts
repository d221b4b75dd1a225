import type { Case, Contestant, Setting } from '../case.js';
import { sampleFile } from '../learners.js';
import { photoFile } from '../photos.js';
import { THIS } from '../package.js';
import { Program } from '../program.js';
import type { Item } from '../programs/in-process.js';
import type { PhotoQuestion } from '../programs/sharp-photo.js';
import { predictions } from './in-process.js';

/** The size to which the sample's learner resizes. */
const SIZE = [64, 64] as const;
const SIZES = ['138x92', '1024x768', '4032x3024'];
const MANY = 16;

/** All but the model. */
export const photo: Case = {
  name: 'photo',
  title: `a JPEG to a tensor of ${SIZE.join(' x ')}: predict less session.run, 1 thread`,
  variantsAre: 'pixels',
  variants: SIZES,
  metrics: {
    rest: { label: 'all but the model', unit: 'ms' },
    decode: { label: 'of it decode', unit: 'ms' },
    predict: { label: 'predict', unit: 'ms' },
    run: { label: 'session.run', unit: 'ms' },
  },
  targets: [{ metric: 'rest', against: 'Pillow', atMost: 1.3, variants: SIZES.slice(1) }],
  async start(setting) {
    const files: Record<string, string> = {};
    for (const size of SIZES) files[size] = await photoFile(size, setting.folder);
    const items: Record<string, Item> = {};
    for (const size of SIZES) items[size] = { photo: files[size]! };
    const own = predictions(setting, await sampleFile('shapes'), items, (answer) => ({
      rest: answer.rest,
      predict: answer.second,
      run: answer.first,
    }));
    const sharp = reader('sharp', files, THIS.program('programs/sharp-photo.js'));
    return [...own, ...pillow(setting, files), sharp];
  },
};

function pillow(setting: Setting, files: Record<string, string>): Contestant[] {
  const found = setting.pythons.find('Pillow', ['PIL']);
  if ('missing' in found) {
    setting.skip(found.missing);
    return [];
  }
  const args = [THIS.path('bench/peers/pillow_photo.py')];
  return [reader('Pillow', files, new Program({ command: found.python, args }))];
}

/** A peer that only makes the tensor. */
function reader(name: string, files: Record<string, string>, program: Program): Contestant {
  return {
    name,
    measure(size, ms) {
      const question: PhotoQuestion = { photo: files[size]!, size: SIZE, ms };
      return program.ask(question);
    },
    stop: () => program.stop(),
  };
}

/** The number of photographs in one call. Their decoding may overlap the runs. */
export const photos: Case = {
  name: 'photos',
  title: `getPreds of ${MANY} JPEGs of 1024x768 against session.run on the same tensors, 1 thread`,
  variantsAre: 'items',
  variants: [`${MANY} photographs`],
  metrics: {
    rate: { label: 'getPreds, images', unit: '/s' },
    limit: { label: 'session.run, images', unit: '/s' },
  },
  targets: [],
  async start(setting) {
    const file = await photoFile('1024x768', setting.folder);
    const items = { [this.variants[0]!]: { photo: file, count: MANY } };
    return predictions(setting, await sampleFile('shapes'), items, (answer) => ({
      rate: (1000 * answer.items) / answer.second,
      limit: (1000 * answer.items) / answer.first,
    }));
  },
};
