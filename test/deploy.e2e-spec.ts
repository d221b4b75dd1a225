import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { findTool } from '../lib/cli/build/run-tool.js';
import { faultsOf, manifestsOf, type Manifest } from './helpers/manifests.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const deploy = join(root, 'deploy');
const chart = join(deploy, 'helm/nestjs-vts');
const read = (path: string): string => readFileSync(path, 'utf8');
const rendered = (name: string): string => join(root, `test/fixtures/deploy/chart-${name}.yaml`);

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .toSorted();

const manifestsIn = (folder: string): [string, Manifest][] =>
  filesIn(folder)
    .filter((path) => path.endsWith('.yaml') && !path.endsWith('kustomization.yaml'))
    .flatMap((path) => manifestsOf(read(path)).map((each): [string, Manifest] => [path, each]));

interface Container {
  readonly ports?: readonly { readonly name: string }[];
  readonly [key: string]: unknown;
}

interface PodSpec {
  readonly containers: readonly Container[];
  readonly volumes?: readonly object[];
  readonly securityContext?: object;
}

/** The pods that manifests describe. */
function podsOf(manifests: readonly Manifest[]): PodSpec[] {
  return manifests.flatMap(({ kind, spec }) => {
    if (kind === 'ClusterServingRuntime') return [spec as unknown as PodSpec];
    return kind === 'Deployment' ? [(spec['template'] as { spec: PodSpec }).spec] : [];
  });
}

/** What a pod must be: not root, by a number that the kubelet can tell, and writing to /tmp alone. */
function expectSafe({ containers, volumes, securityContext = {} }: PodSpec): void {
  expect(containers).toHaveLength(1);
  const [container] = containers;
  const own = container!['securityContext'] as object;
  expect({ ...securityContext, ...own }).toMatchObject({
    runAsNonRoot: true,
    runAsUser: 1000,
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  });
  expect(volumes).toContainEqual(expect.objectContaining({ name: 'tmp' }));
  expect(container).toMatchObject({
    volumeMounts: expect.arrayContaining([{ name: 'tmp', mountPath: '/tmp' }]),
    readinessProbe: { httpGet: { path: '/readyz' } },
    livenessProbe: { httpGet: { path: '/livez' } },
    resources: { requests: expect.anything(), limits: { memory: expect.any(String) } },
  });
}

describe('deploy/kserve', () => {
  const schemas = JSON.parse(read(join(root, 'test/fixtures/deploy/kserve.json'))) as Record<
    string,
    object
  >;
  const ajv = new Ajv({ strict: false, formats: { int32: true } });
  const manifests = ['kserve', 'examples'].flatMap((name) => manifestsIn(join(deploy, name)));
  const ofKserve = manifests.filter(([, { apiVersion }]) =>
    apiVersion.startsWith('serving.kserve'),
  );

  it('has runtimes and services that KServe accepts', () => {
    expect(ofKserve).toHaveLength(5);
    for (const [path, { kind, spec }] of ofKserve) {
      const check = ajv.compile(schemas[kind]!);
      expect([path, check(spec), check.errors]).toEqual([path, true, null]);
    }
  });

  it('has containers that Kubernetes accepts', () => {
    for (const [path, { kind, spec, metadata }] of ofKserve) {
      if (kind !== 'ClusterServingRuntime') continue;
      const { containers, volumes } = spec;
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers, volumes } };
      expect([path, faultsOf(pod)]).toEqual([path, []]);
      expectSafe(spec as unknown as PodSpec);
    }
  });

  it('selects the runtimes by the formats of the services', () => {
    const specs = (kind: string): Manifest['spec'][] =>
      ofKserve.filter(([, each]) => each.kind === kind).map(([, { spec }]) => spec);
    const formats = specs('ClusterServingRuntime').flatMap(
      (spec) => spec['supportedModelFormats'] as { name: string; version: string }[],
    );
    for (const spec of specs('InferenceService')) {
      const { model } = spec['predictor'] as { model: { modelFormat: object } };
      expect(formats).toContainEqual(expect.objectContaining(model.modelFormat));
    }
  });

  it('has examples that Kubernetes and KEDA take', () => {
    const others = manifests.filter((each) => !ofKserve.includes(each));
    expect(others.length).toBeGreaterThan(7);
    for (const [path, manifest] of others) {
      expect([path, manifest.kind, faultsOf(manifest)]).toEqual([path, manifest.kind, []]);
    }
    for (const pod of podsOf(others.map(([, manifest]) => manifest))) expectSafe(pod);
  });
});

const VALUES: Readonly<Record<string, string>> = {
  default: 'models: { targets: [hf://owner/pets] }',
  full: `
models:
  volume: { persistentVolumeClaim: { claimName: models, readOnly: true } }
  subPath: team/reviews
  name: reviews
image: { repository: registry.example.com/nestjs-vts, tag: 1.2.3 }
imagePullSecrets: [{ name: registry }]
server: { workers: 2, threads: 4, timeoutMs: 10000000, page: true, extraArgs: [--quantize, int8] }
apiKey: { existingSecret: vts-key }
env: [{ name: HF_HOME, value: /tmp/hf }]
envFrom: [{ secretRef: { name: s3 } }]
service: { annotations: { a.example.com/b: c }, headless: false }
autoscaling: { kind: keda }
worker:
  enabled: true
  queue: { existingSecret: redis }
  data: { volume: { persistentVolumeClaim: { claimName: data } }, subPath: team }
  workers: 2
  extraArgs: [--concurrency, '2']
  keda: { enabled: true, maxReplicas: 8 }
tmp: { medium: Memory, sizeLimit: 512Mi }
metrics:
  serviceMonitor: { enabled: true, labels: { release: prometheus } }
serviceAccount: { annotations: { eks.amazonaws.com/role-arn: arn } }
podAnnotations: { x.example.com/y: z }
podLabels: { team: nlp }
priorityClassName: high
nodeSelector: { kubernetes.io/arch: arm64 }
tolerations: [{ key: gpu, operator: Exists }]
affinity:
  podAntiAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - { topologyKey: kubernetes.io/hostname, labelSelector: { matchLabels: { a: b } } }
`,
};

const helm = findTool('helm');
const promtool = findTool('promtool');

/** What the chart is, so that what was rendered of another one is known. */
function chartDigest(): string {
  const hash = createHash('sha256');
  for (const path of filesIn(chart)) {
    // What these hold is not in what is rendered here.
    if (!/[\\/]files[\\/]|values\.schema\.json$/.test(path)) {
      hash.update(`${path.slice(chart.length)}\n${read(path)}\n`);
    }
  }
  for (const values of Object.values(VALUES)) hash.update(values);
  return hash.digest('hex');
}

const header = (): string =>
  `# Rendered by helm template from the chart ${chartDigest()}: vitest run test/deploy -u\n`;

describe('deploy/helm', () => {
  const values = parse(read(join(chart, 'values.yaml'))) as Record<string, unknown>;
  const schema = JSON.parse(read(join(chart, 'values.schema.json'))) as object;

  it.runIf(helm !== undefined).each(Object.entries(VALUES))(
    'renders %s as it is kept',
    async (name, text) => {
      const args = ['template', 'reviews', chart, '--namespace', 'ml', '--kube-version', '1.31.0'];
      const running = promisify(execFile)(helm!, [...args, '--values', '-']);
      running.child.stdin!.end(text);
      await expect(header() + (await running).stdout).toMatchFileSnapshot(rendered(name));
    },
  );

  it.runIf(helm !== undefined)(
    'passes helm lint, and has rules and a dashboard on demand',
    async () => {
      const set = [
        'models.targets={a}',
        'metrics.rules.enabled=true',
        'metrics.dashboard.enabled=true',
      ];
      const args = set.flatMap((each) => ['--set', each]);
      await promisify(execFile)(helm!, ['lint', '--strict', chart, ...args]);
      const more = ['--kube-version', '1.31.0', '--show-only', 'templates/monitoring.yaml'];
      const { stdout } = await promisify(execFile)(helm!, [
        'template',
        'a',
        chart,
        ...args,
        ...more,
      ]);
      const [dashboard, rules] = manifestsOf(stdout);
      expect([dashboard, rules].flatMap((each) => faultsOf(each!))).toEqual([]);
      expect(rules!.spec).toEqual(parse(read(join(chart, 'files/alerts.yaml'))));
      expect(
        JSON.parse(
          (dashboard as unknown as { data: Record<string, string> }).data['nestjs-vts.json']!,
        ),
      ).toEqual(JSON.parse(read(join(chart, 'files/dashboard.json'))));
    },
  );

  it.each(Object.keys(VALUES))('is accepted by the API server with the values %s', (name) => {
    const text = read(rendered(name));
    // Without helm nothing else tells that the chart was changed and not rendered.
    expect(text.slice(0, text.indexOf('\n') + 1)).toBe(header());
    const manifests = manifestsOf(text);
    expect(manifests.length).toBeGreaterThan(5);
    for (const manifest of manifests) {
      expect([manifest.kind, faultsOf(manifest)]).toEqual([manifest.kind, []]);
    }
    const pods = podsOf(manifests);
    for (const pod of pods) expectSafe(pod);
    const ports = pods.map(({ containers }) => containers[0]!.ports!.map((port) => port.name));
    expect(ports).toEqual([['http', 'grpc'], ...(name === 'full' ? [['metrics']] : [])]);
  });

  it('has a schema that accepts the default values and refuses wrong ones', () => {
    const check = new Ajv({ strict: true, allowUnionTypes: true }).compile(schema);
    expect([check(values), check.errors]).toEqual([true, null]);
    for (const text of Object.values(VALUES)) expect(check(parse(text))).toBe(true);
    for (const wrong of [
      'nonsense: 1',
      'autoscaling: { kind: vpa }',
      'models: { targets: hf://a/b }',
      'models: { name: A B }',
      'service: { grpcPort: 0 }',
      'server: { workers: 0 }',
      'tmp: { sizeLimit: lots }',
    ]) {
      expect([wrong, check(parse(wrong))]).toEqual([wrong, false]);
    }
  });

  it('uses values that there are, and all of them', () => {
    const used = new Set<string>();
    for (const path of filesIn(join(chart, 'templates'))) {
      for (const [, name] of read(path).matchAll(/\.Values((?:\.\w+)+)/g)) used.add(name!);
    }
    const exists = (path: string): boolean =>
      path
        .slice(1)
        .split('.')
        .reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], values) !== undefined;
    expect([...used].filter((path) => !exists(path))).toEqual([]);
    const unused = Object.keys(values).filter(
      (key) => ![...used].some((path) => path.split('.')[1] === key),
    );
    expect(unused).toEqual([]);
  });
});

describe('the alerts', () => {
  it('are rules of the Prometheus operator', () => {
    const spec = parse(read(join(chart, 'files/alerts.yaml'))) as Manifest['spec'];
    const metadata = { name: 'alerts' };
    const apiVersion = 'monitoring.coreos.com/v1';
    expect(faultsOf({ apiVersion, kind: 'PrometheusRule', metadata, spec })).toEqual([]);
  });

  it.runIf(promtool !== undefined)('fire when they should, by promtool', async () => {
    const run = promisify(execFile);
    await run(promtool!, ['check', 'rules', join(chart, 'files/alerts.yaml')]);
    const tests = join(root, 'test/fixtures/deploy/alerts.test.yaml');
    const { stdout, stderr } = await run(promtool!, ['test', 'rules', tests]);
    expect(stdout + stderr).toContain('SUCCESS');
  });
});

describe('the version of the package', () => {
  it('is that of the image, the chart and the runtimes', () => {
    const { version } = JSON.parse(read(join(root, 'package.json'))) as { version: string };
    const { appVersion } = parse(read(join(chart, 'Chart.yaml'))) as { appVersion: string };
    expect(appVersion).toBe(version);
    expect(read(join(deploy, 'Dockerfile'))).toContain(`ARG VERSION=${version}\n`);
    const texts = filesIn(deploy).filter((path) => /\.(?:yaml|md)$|Dockerfile$/.test(path));
    const named = texts.flatMap((path) =>
      [...read(path).matchAll(/nestjs-vts:(\d[\w.]*)/g)].map(([, tag]) => tag),
    );
    expect(named.length).toBeGreaterThan(3);
    expect(new Set(named)).toEqual(new Set([version]));
  });
});
