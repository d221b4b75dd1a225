import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { InferenceClient } from '../lib/client/index.js';
import { manifestsOf } from './helpers/manifests.js';
import { namesIn } from './helpers/promql.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const path = (name: string): string => join(root, name);
const read = (name: string): Promise<string> => readFile(path(name), 'utf8');
const VTS = path('dist/lib/cli/main.js');
const LEARNER = 'test/fixtures/learners/base_tokenizer';

interface Pod {
  readonly containers: readonly { readonly command: string[]; readonly args: string[] }[];
}

/** What a runtime of deploy/kserve runs, as KServe fills it in. */
async function commandOf(
  runtime: string,
  given: { readonly name: string; readonly models: string },
): Promise<string[]> {
  const [manifest] = manifestsOf(await read(`deploy/kserve/${runtime}.yaml`));
  const [container] = (manifest!.spec as unknown as Pod).containers;
  const { command, args } = container!;
  expect(command).toEqual(['vts']);
  return args.map((arg) =>
    arg
      .replace('{{.Name}}', given.name)
      .replace('/mnt/models', given.models)
      // Ports that are free.
      .replace(/^(--(?:grpc-)?port)=808[01]$/, '$1=0'),
  );
}

interface Started {
  readonly rest: string;
  readonly grpc: string;
  end(): Promise<number | null>;
}

let folder: string;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-deploy-'));
});
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** Starts a runtime of deploy/kserve, where `before` may begin the command. */
async function start(
  runtime: string,
  name: string,
  models: string,
  before: readonly string[] = [],
): Promise<Started> {
  const args = await commandOf(runtime, { name, models });
  expect(args.filter((arg) => arg.endsWith('port=0'))).toHaveLength(2);
  const [program, ...rest] = [...before, process.execPath, VTS, ...args];
  const child = spawn(program!, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  let said = '';
  const urls = await new Promise<{ metrics: string; grpc: string }>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        const line = said.split('\n').find((each) => each.includes('"message":"Serving"'));
        const { message } = JSON.parse(line ?? '{}') as { message?: never };
        if (message !== undefined) resolve(message);
      });
    }
    void ended.then((code) => reject(new Error(`${code}: ${said}`)));
  });
  const url = new URL(urls.metrics).origin;
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  return {
    rest: url,
    grpc: urls.grpc,
    end: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

interface Case {
  readonly input: string;
  readonly probs: readonly number[];
}

/** Both protocols give what fastai gave. */
async function expectPredictions(served: Started, name: string): Promise<void> {
  const { cases } = JSON.parse(await read(`${LEARNER}/cases.json`)) as { cases: Case[] };
  const [first] = cases;
  const answers: unknown[] = [];
  for (const url of [served.rest, served.grpc]) {
    const client = new InferenceClient(url);
    const { inputs } = await client.modelMetadata(name);
    const result = await client.infer(name, { [inputs[0]!.name]: [first!.input] });
    const probabilities = result.tensor('probabilities');
    const data = [...(probabilities.data as Float32Array)];
    expect(probabilities.shape).toEqual([1, first!.probs.length]);
    for (const [i, value] of first!.probs.entries()) expect(data[i]).toBeCloseTo(value, 4);
    answers.push(data);
    await client.close();
  }
  expect(answers[1]).toEqual(answers[0]);
}

/** /mnt/models of a repository of the Hugging Face Hub. */
async function hubFolder(name: string): Promise<string> {
  const models = join(folder, name);
  await mkdir(models);
  await copyFile(path(`${LEARNER}/export.pkl`), join(models, 'model.pkl'));
  return models;
}

describe('the runtimes of KServe', () => {
  it('serve a learner by the name of its InferenceService, over REST and gRPC', async () => {
    const served = await start('runtime-fastai', 'pets', await hubFolder('hub'));
    await expectPredictions(served, 'pets');
    expect(await served.end()).toBe(0);
  }, 60_000);

  it('serve a layer', async () => {
    const models = join(folder, 'layers');
    await mkdir(models);
    await copyFile(path('test/fixtures/pytorch/mlp.pt'), join(models, 'mlp.pt'));
    const served = await start('runtime-pytorch-layer', 'layers', models);
    const client = new InferenceClient(served.grpc);
    const { name, inputs } = await client.modelMetadata('layers');
    expect([name, inputs.map(({ datatype }) => datatype)]).toEqual(['layers', ['FP32']]);
    await client.close();
    expect(await served.end()).toBe(0);
  }, 60_000);

  // Mounts need root, or user namespaces.
  const user = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  const unshared = ['unshare', '--mount', ...user, '--', 'sh', '-ec'];
  const script =
    'mount --bind / / && mount -o remount,bind,ro / && mount -t tmpfs tmpfs "$0" && ' +
    '! touch "$1/x" 2>/dev/null && TMPDIR=$0 HOME=$0 && export TMPDIR HOME && shift && exec "$@"';

  it('serve a model image (oci://), which is a link into another container', async (context) => {
    const image = await mkdtemp(join(folder, 'image-'));
    const inside =
      'mount -t tmpfs tmpfs "$0" && cp "$1" "$0/export.pkl" && echo ready && exec sleep 600';
    const file = path(`${LEARNER}/export.pkl`);
    const other = spawn(unshared[0]!, [...unshared.slice(1), inside, image, file], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    running.add(other);
    const first = once(other.stdout, 'data').then(() => true);
    const made = await Promise.race([first, once(other, 'close').then(() => false)]).catch(
      () => false,
    );
    if (!made) context.skip('No mount namespace can be made here.');
    const models = join(folder, 'oci');
    await symlink(`/proc/${other.pid}/root${image}`, models);
    const served = await start('runtime-fastai', 'pets', models);
    await expectPredictions(served, 'pets');
    expect(await served.end()).toBe(0);
    other.kill('SIGKILL');
  }, 60_000);

  it('serve from a read-only file system, except for the temporary folder', async (context) => {
    const temporary = await mkdtemp(join(folder, 'tmp-'));
    const models = await hubFolder('read-only');
    const probe = spawn(unshared[0]!, [...unshared.slice(1), script, temporary, models, 'true'], {
      stdio: 'ignore',
    });
    const [code] = (await once(probe, 'close').catch(() => [1])) as [number];
    if (code !== 0) context.skip('No mount namespace can be made here.');
    const before = [...unshared, script, temporary, models];
    const served = await start('runtime-fastai', 'pets', models, before);
    await expectPredictions(served, 'pets');
    expect(await served.end()).toBe(0);
  }, 60_000);
});

describe('the dashboard, the alerts and the scalers', () => {
  interface Panel {
    readonly id: number;
    readonly type: string;
    readonly title: string;
    readonly gridPos: {
      readonly x: number;
      readonly y: number;
      readonly w: number;
      readonly h: number;
    };
    readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  }
  interface Variable {
    readonly name: string;
    readonly definition?: string;
  }
  let panels: readonly Panel[];
  let variables: readonly Variable[];
  /** Where it stands, and the query. */
  let queries: readonly (readonly [string, string])[];

  beforeAll(async () => {
    const files = 'deploy/helm/nestjs-vts/files';
    const dashboard = JSON.parse(await read(`${files}/dashboard.json`)) as {
      panels: Panel[];
      templating: { list: Variable[] };
    };
    panels = dashboard.panels;
    variables = dashboard.templating.list;
    const { groups } = parse(await read(`${files}/alerts.yaml`)) as {
      groups: { rules: { alert: string; expr: string }[] }[];
    };
    const scalers = ['examples/two-deployments/runners', 'examples/inference-service-s3'];
    const texts = await Promise.all([
      ...scalers.map((name) => read(`deploy/${name}.yaml`)),
      read('test/fixtures/deploy/chart-full.yaml'),
    ]);
    const asked = texts.flatMap((text) =>
      manifestsOf(text).flatMap((each) =>
        // Folded by YAML, and found wherever a scaler has it.
        [...JSON.stringify(each).matchAll(/"query":("(?:[^"\\]|\\.)*")/g)].map(
          ([, query]): [string, string] => [each.metadata.name, JSON.parse(query!) as string],
        ),
      ),
    );
    expect(asked.map(([name]) => name)).toEqual([
      ...['runners', 'reviews', 'reviews-nestjs-vts'],
      'reviews-nestjs-vts-worker',
    ]);
    queries = [
      ...panels.flatMap(({ title, targets = [] }) =>
        targets.map(({ expr }) => [title, expr] as const),
      ),
      ...groups.flatMap(({ rules }) => rules.map(({ alert, expr }) => [alert, expr] as const)),
      ...variables.flatMap(({ name, definition }) => {
        const [, inner] = /^label_values\((.*), \w+\)$/.exec(definition ?? '') ?? [];
        return inner === undefined ? [] : [[name, inner] as const];
      }),
      // A worker of batches has metrics of its own, which test/queue asks for.
      ...asked.filter(([name]) => !name.endsWith('-worker')),
    ];
  });

  it('ask for series that an application has, by labels that they have', async () => {
    const served = await start('runtime-fastai', 'pets', await hubFolder('metrics'));
    const text = await (await fetch(`${served.rest}/metrics`)).text();
    await served.end();
    const series = new Set<string>();
    for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\w+)$/gm)) {
      const parts = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      for (const part of parts) series.add(name! + part);
    }
    // The page's table has the labels of each.
    const table = [
      ...(await read('docs/operations.md')).matchAll(/^\| `vts_\w+`.*?\| ([a-z, ]+) \|/gm),
    ];
    const labels = new Set(table.flatMap(([, names]) => names!.trim().split(', ')));
    for (const label of ['namespace', 'pod', 'le']) labels.add(label);
    expect(labels.size).toBeGreaterThan(8);
    expect(queries.length).toBeGreaterThan(40);
    for (const [where, query] of queries) {
      const { metrics, labels: named } = namesIn(query);
      expect([where, metrics.length > 0]).toEqual([where, true]);
      // Applications with jobs have more, which a test beside them asks for.
      const here = metrics.filter((name) => !name.startsWith('vts_jobs_'));
      expect([where, here.filter((name) => !series.has(name))]).toEqual([where, []]);
      expect([where, named.filter((name) => !labels.has(name))]).toEqual([where, []]);
    }
  }, 60_000);

  it('has panels that lie beside each other, and variables that it defines', () => {
    const ids = panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const taken = new Set<string>();
    for (const { title, gridPos } of panels) {
      const { x, y, w, h } = gridPos;
      expect([title, x + w <= 24]).toEqual([title, true]);
      for (let row = y; row < y + h; row++) {
        for (let column = x; column < x + w; column++) {
          const cell = `${row}:${column}`;
          expect([title, taken.has(cell)]).toEqual([title, false]);
          taken.add(cell);
        }
      }
    }
    const names = new Set(variables.map(({ name }) => name));
    for (const [where, query] of queries) {
      const used = [...query.matchAll(/\$\{?(\w+)/g)].map(([, name]) => name!);
      const unknown = used.filter((name) => !names.has(name) && !name.startsWith('__'));
      expect([where, unknown]).toEqual([where, []]);
    }
    for (const { title, targets = [] } of panels) {
      for (const { expr, legendFormat } of targets) {
        const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name!);
        const { labels } = namesIn(expr);
        expect([title, shown.filter((name) => !labels.includes(name))]).toEqual([title, []]);
      }
    }
  });
});
