import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fastai, ModelStore } from 'nestjs-vts/serving';
import { Learner } from 'nestjs-vts/learner';
import type { Case, Contestant, Setting } from '../case.js';
import { learnerFile, sampleFile } from '../learners.js';
import { THIS } from '../package.js';
import { photoFile } from '../photos.js';
import { askOnce } from '../program.js';
import type { ExportQuestion } from '../programs/export-model.js';
import { textOf } from '../programs/texts.js';
import type { Server } from '../server.js';
import {
  bareText,
  formOf,
  photoPeers,
  photoService,
  sentimentSample,
  startService,
  textPeers,
  type Service,
} from '../services.js';

export const CONNECTIONS = {
  variantsAre: 'connections',
  variants: ['1', '8', '32'],
  metrics: {
    rate: { label: 'requests', unit: '/s' },
    p50: { label: 'p50', unit: 'ms' },
    p99: { label: 'p99', unit: 'ms' },
    tail: { label: 'p99 / p50', unit: 'x' },
  },
  seconds: 2,
} as const;

/** A running server, with a load of as many connections as the variant says. */
export function loaded(setting: Setting, service: Service, server: Server): Contestant {
  return {
    name: service.name,
    async measure(connections, ms) {
      if (service.most !== undefined && Number(connections) > service.most) return undefined;
      const request = { ...service.request, port: server.port };
      const outcome = await setting.load.closed(request, Number(connections), ms);
      const { perSecond, median, p99 } = outcome;
      return { rate: perSecond, p50: median, p99, tail: p99 / median };
    },
    stop: () => server.stop(),
  };
}

/**
 * Starts services as contestants.
 *
 * @throws Where one of them answers differently from the first, because it would do other work.
 */
export async function startAll(
  setting: Setting,
  services: readonly Service[],
): Promise<Contestant[]> {
  const contestants: Contestant[] = [];
  let expected: number[] | undefined;
  try {
    for (const service of services) {
      const server = await startService(service);
      contestants.push(loaded(setting, service, server));
      const numbers = (server.answer.match(/\d+(\.\d+)?(e-?\d+)?/g) ?? []).map(Number);
      expected ??= numbers;
      const same =
        numbers.length === expected.length &&
        numbers.every((value, at) => Math.abs(value - expected![at]!) < 1e-3);
      if (!same) {
        throw new Error(`${service.name} answers ${server.answer}, the first ${String(expected)}.`);
      }
    }
    return contestants;
  } catch (error) {
    await Promise.all(contestants.map((contestant) => contestant.stop!()));
    throw error;
  }
}

export const httpText: Case = {
  ...CONNECTIONS,
  name: 'http-text',
  title: 'HTTP, a text of 100 tokens to the sentiment sample',
  targets: [
    { metric: 'rate', against: 'bare server', atLeast: 0.85, variants: ['8', '32'] },
    { metric: 'tail', atMost: 2.5, variants: ['8', '32'] },
  ],
  async start(setting) {
    const file = await sampleFile('fastai_sentiment');
    const learner = await Learner.load<string>(file);
    const text = textOf(100, (part) => learner.tokenize(part));
    await learner.release();
    const own = setting.packages.map((from) => sentimentSample(from, text));
    const bare = bareText(file, await workersOf(own[0]!), text);
    return startAll(setting, [...own, bare, ...textPeers(setting, file, text)]);
  },
};

/** The initial number of workers of the sample's runner. The bare server gets the same number. */
async function workersOf(service: Service): Promise<number> {
  const server = await startService(service);
  const response = await fetch(`http://127.0.0.1:${server.port}/healthz`);
  const body = await response.text();
  await server.stop();
  return Number(/"workers":(\d+)/.exec(body)?.[1] ?? 1);
}

export const httpPhoto: Case = {
  ...CONNECTIONS,
  name: 'http-photo',
  title: 'HTTP, a JPEG of 1024x768 to a resnet18, all services as they start',
  targets: [{ metric: 'rate', against: 'FastAPI + onnxruntime', atLeast: 1.2 }],
  async start(setting) {
    const file = await learnerFile('shapes_resnet18', 'shapes', setting);
    const photo = await photoFile('1024x768', setting.folder);
    const form = join(setting.folder, 'photo.form');
    await writeFile(form, formOf(await readFile(photo)));
    const home = join(setting.folder, 'photo-home');
    await fastai.saveModel('photo', file, { store: new ModelStore(home) });
    const model = join(setting.folder, 'photo-model');
    const question: ExportQuestion = { file, out: model };
    await askOnce(THIS.launch('programs/export-model.js'), question);
    const own = setting.packages.map((from) => photoService(from, home, photo));
    return startAll(setting, [...own, ...photoPeers(setting, model, photo, { file: form })]);
  },
};
