import { cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RunnerOptions } from 'nestjs-vts/serving';
import type { Setting } from './case.js';
import { HOMES } from './learners.js';
import type { LoadRequest } from './load/generator.js';
import { THIS, type Package } from './package.js';
import type { Launch } from './program.js';
import { Server } from './server.js';

/** A measured service: how it starts, and which request it gets. */
export interface Service {
  readonly name: string;
  readonly request: Omit<LoadRequest, 'port'>;
  /** The limit on connections for it. */
  readonly most?: number;
  launch(port: number): Launch;
}

/** Starts a service and waits until it answers the request as it should. */
export async function startService(service: Service): Promise<Server> {
  return Server.start((port) => service.launch(port), service.request);
}

/** The first sample of the README, unchanged. */
export function sentimentSample(from: Package, body: string): Service {
  return {
    name: from.name,
    request: { path: '/classifyText', type: 'text/plain', body },
    launch: () =>
      from.launchFile('dist/sample/01-fastai-sentiment/src/main.js', [], {
        VTS_HOME: HOMES.fastai_sentiment,
        NO_COLOR: '1',
      }),
  };
}

/** A Nest application without this package. */
export function bareNest(body = '[[1]]'): Service {
  return {
    name: 'bare Nest',
    request: { path: '/nest', type: 'application/json', body },
    launch: () => THIS.launch('servers/nest.js'),
  };
}

/** Only node:http and worker threads that predict. */
export function bareText(file: string, workers: number, body: string): Service {
  return {
    name: 'bare server',
    request: { path: '/', type: 'text/plain', body },
    launch: () => THIS.launch('servers/bare-text.js', [file, String(workers)]),
  };
}

/**
 * The bare model of a text learner.
 *
 * @param route `batched`, `plain`, or `none`, which has no model.
 */
export function batchingService(
  from: Package,
  home: string,
  route: string,
  body: string,
  options: RunnerOptions,
): Service {
  return {
    name: from.name,
    request: { path: `/${route}`, type: 'application/json', body },
    launch: () =>
      from.launch('servers/batching.js', [], {
        VTS_HOME: home,
        OPTIONS: JSON.stringify(options),
      }),
  };
}

/** An image classifier in a separate store. */
export function photoService(from: Package, home: string, photo: string): Service {
  return {
    name: from.name,
    request: { path: '/predict', type: 'image/jpeg', body: { file: photo } },
    launch: () => from.launch('servers/photo.js', [], { VTS_HOME: home }),
  };
}

const PEERS = dirname(THIS.path('bench/peers/answer.py'));

interface Peer {
  readonly name: string;
  /** The packages that its interpreter needs. */
  readonly modules: readonly string[];
  readonly request: Omit<LoadRequest, 'port'>;
  readonly env: NodeJS.ProcessEnv;
  readonly most?: number;
  args(port: number): string[];
}

/** A service in Python, if an interpreter has its packages. */
function peer(setting: Setting, { name, modules, request, env, most, args }: Peer): Service[] {
  const found = setting.pythons.find(name, modules);
  if ('missing' in found) {
    setting.skip(found.missing);
    return [];
  }
  const launch = (port: number): Launch => ({
    command: found.python,
    args: args(port),
    cwd: PEERS,
    env: { OMP_NUM_THREADS: '1', ...env },
  });
  return [{ name, request, launch, ...(most && { most }) }];
}

const uvicorn = (app: string, port: number): string[] => [
  '-m',
  'uvicorn',
  '--port',
  String(port),
  '--no-access-log',
  '--log-level',
  'warning',
  app,
];

const bentoml = (service: string, port: number): string[] => [
  '-m',
  'bentoml',
  'serve',
  service,
  '--host',
  '127.0.0.1',
  '--port',
  String(port),
];

/** fastai itself behind FastAPI and in BentoML. */
export function textPeers(setting: Setting, learner: string, text: string): Service[] {
  const request = { path: '/classify_text', type: 'text/plain', body: text };
  // BentoML writes into its home.
  const home = join(setting.folder, 'bentoml');
  cpSync(HOMES.fastai_sentiment, home, { recursive: true });
  return [
    ...peer(setting, {
      name: 'FastAPI + fastai',
      modules: ['fastapi', 'uvicorn', 'fastai', 'spacy'],
      request,
      env: { LEARNER: learner },
      args: (port) => uvicorn('fastapi_text:app', port),
    }),
    ...peer(setting, {
      name: 'BentoML + fastai',
      modules: ['bentoml', 'fastai', 'spacy'],
      request,
      env: { BENTOML_HOME: home, BENTOML_DO_NOT_TRACK: 'True' },
      // About three answers per second: with more connections, each only waits longer.
      most: 1,
      args: (port) => bentoml('bentoml_text:service', port),
    }),
  ];
}

/**
 * Image classifiers by hand.
 *
 * @param model The folder that `export-model.ts` wrote.
 */
export function photoPeers(
  setting: Setting,
  model: string,
  photo: string,
  form: LoadRequest['body'],
): Service[] {
  const request = { path: '/predict', type: 'image/jpeg', body: { file: photo } };
  const modules = ['onnxruntime', 'PIL', 'numpy'];
  return [
    ...peer(setting, {
      name: 'FastAPI + onnxruntime',
      modules: [...modules, 'fastapi', 'uvicorn'],
      request,
      env: { MODEL: model },
      args: (port) => uvicorn('fastapi_photo:app', port),
    }),
    ...peer(setting, {
      name: 'LitServe + onnxruntime',
      modules: [...modules, 'litserve'],
      request: { ...request, type: `multipart/form-data; boundary=${BOUNDARY}`, body: form },
      env: { MODEL: model },
      args: () => ['litserve_photo.py'],
    }),
    ...peer(setting, {
      name: 'BentoML + onnxruntime',
      modules: [...modules, 'bentoml'],
      request,
      env: {
        MODEL: model,
        BENTOML_HOME: join(setting.folder, 'bentoml'),
        BENTOML_DO_NOT_TRACK: 'True',
      },
      args: (port) => bentoml('bentoml_photo:Photo', port),
    }),
  ];
}

const BOUNDARY = 'bench-boundary';

/** A photograph as a form with one file. */
export function formOf(photo: Buffer): Buffer {
  const head = `--${BOUNDARY}\r\ncontent-disposition: form-data; name="image"; filename="photo.jpg"\r\ncontent-type: image/jpeg\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), photo, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]);
}
