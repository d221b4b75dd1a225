import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Tag } from '../../serving/store/index.js';

/** Folder of the manifests in a bundle. */
const KUBERNETES = 'kubernetes';

export interface DeployedBundle {
  readonly tag: Tag;
  /** The bytes of all models that it pins. */
  readonly modelBytes: number;
  /** Whether it serves a model without an app. Then an argument turns gRPC on. */
  readonly serves: boolean;
}

const HTTP = 3000;
const GRPC = 8081;
/** Seconds that load balancers get to notice that a pod ends, before it receives the signal. */
const LEAVE_SECONDS = 5;
/** The memory of Node and the module without any model. */
const BASE_MIB = 384;
const MIB_STEP = 128;

/** Manifests by file name. */
export type Manifests = ReadonlyMap<string, object>;

/**
 * Manifests of a Deployment that scales on its CPU, with its Service and its disruption budget.
 * KEDA's ScaledObject for the queue is an alternative to the HorizontalPodAutoscaler. Settings of a
 * cluster (registry, namespace, replicas) belong into kustomize.
 */
export function manifests({ tag, modelBytes, serves }: DeployedBundle): Manifests {
  const name = dnsLabel(tag.name);
  const selector = { 'app.kubernetes.io/name': name };
  const labels = { ...selector, 'app.kubernetes.io/version': tag.version ?? '' };
  const metadata = { name, labels };
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', name };
  const ports = [{ name: 'http', port: HTTP }, ...(serves ? [{ name: 'grpc', port: GRPC }] : [])];
  const probe = (path: string, more: object) => ({ httpGet: { path, port: 'http' }, ...more });
  const container = {
    name: 'app',
    image: String(tag),
    ...(serves && { args: ['node', 'start.mjs', '--grpc-port', String(GRPC)] }),
    env: [{ name: 'PORT', value: String(HTTP) }],
    ports: ports.map((each) => ({ name: each.name, containerPort: each.port })),
    resources: resourcesFor(modelBytes),
    startupProbe: probe('/readyz', { periodSeconds: 2, failureThreshold: 150 }),
    readinessProbe: probe('/readyz', { periodSeconds: 5 }),
    livenessProbe: probe('/livez', { periodSeconds: 10, timeoutSeconds: 5 }),
    lifecycle: { preStop: { exec: { command: ['sleep', String(LEAVE_SECONDS)] } } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
  };
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: {
      selector: { matchLabels: selector },
      strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: {
          labels,
          annotations: {
            'prometheus.io/scrape': 'true',
            'prometheus.io/port': String(HTTP),
            'prometheus.io/path': '/metrics',
          },
        },
        spec: {
          automountServiceAccountToken: false,
          // The user `node` by its number, because the kubelet cannot see from a name that the user
          // is not root.
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 1000,
            runAsGroup: 1000,
            fsGroup: 1000,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          // Time for load balancers, then 30 s for requests in progress, then time to release the
          // models.
          terminationGracePeriodSeconds: LEAVE_SECONDS + 40,
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: selector },
            },
          ],
          containers: [container],
          volumes: [{ name: 'tmp', emptyDir: {} }],
        },
      },
    },
  };
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: {
      selector,
      ports: ports.map(({ name: port, port: number }) => ({
        name: port,
        port: number,
        targetPort: port,
        appProtocol: port === 'grpc' ? 'kubernetes.io/h2c' : 'http',
      })),
    },
  };
  const budget = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata,
    spec: { maxUnavailable: 1, selector: { matchLabels: selector } },
  };
  const autoscaler = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata,
    spec: {
      scaleTargetRef: target,
      minReplicas: 2,
      maxReplicas: 10,
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 75 } },
        },
      ],
      behavior: { scaleDown: { stabilizationWindowSeconds: 300 } },
    },
  };
  const scaledObject = {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    metadata,
    spec: {
      scaleTargetRef: { name },
      minReplicaCount: 2,
      maxReplicaCount: 10,
      cooldownPeriod: 300,
      triggers: [
        {
          type: 'prometheus',
          metadata: {
            serverAddress: 'http://prometheus-operated.monitoring.svc:9090',
            query: `sum(vts_runner_queue_depth{pod=~"${name}-.*"})`,
            // Waiting calls for each pod.
            threshold: '4',
          },
        },
      ],
    },
  };
  return new Map<string, object>([
    ['deployment.yaml', deployment],
    ['service.yaml', service],
    ['pdb.yaml', budget],
    ['hpa.yaml', autoscaler],
    ['keda-scaledobject.yaml', scaledObject],
    [
      'kustomization.yaml',
      {
        apiVersion: 'kustomize.config.k8s.io/v1beta1',
        kind: 'Kustomization',
        resources: ['deployment.yaml', 'service.yaml', 'pdb.yaml', 'hpa.yaml'],
        images: [{ name: tag.name, newName: tag.name, newTag: tag.version ?? '' }],
      },
    ],
  ]);
}

const NOTES: ReadonlyMap<string, string> = new Map([
  [
    'deployment.yaml',
    'The memory is an estimate from the size of the models: set it to what the pods use.',
  ],
  ['keda-scaledobject.yaml', 'Replaces hpa.yaml where KEDA and Prometheus are installed.'],
  [
    'kustomization.yaml',
    'Set newName to the pushed image, then run kubectl apply -k . For KEDA, list its file in place of hpa.yaml.',
  ],
]);

export async function writeManifests(bundle: string, deployed: DeployedBundle): Promise<void> {
  const folder = join(bundle, KUBERNETES);
  await mkdir(folder, { recursive: true });
  for (const [file, manifest] of manifests(deployed)) {
    const note = NOTES.get(file);
    const text = stringify(manifest, { lineWidth: 0, aliasDuplicateObjects: false });
    await writeFile(join(folder, file), `${note === undefined ? '' : `# ${note}\n`}${text}`);
  }
}

/** Loading maps the weights once, and quantizes or rebuilds them in memory. */
function resourcesFor(modelBytes: number): object {
  const needed = BASE_MIB + (2 * modelBytes) / 2 ** 20;
  const request = Math.ceil(needed / MIB_STEP) * MIB_STEP;
  return {
    requests: { cpu: '500m', memory: `${request}Mi` },
    limits: { memory: `${request * 2}Mi` },
  };
}

/** Names of Services begin with a letter and contain only letters, digits and "-". */
export function dnsLabel(name: string): string {
  const label = name.replace(/[^a-z0-9-]+/g, '-').replace(/^(?=[^a-z])/, 'vts-');
  // The names of pods add about 17 characters to it.
  return label.slice(0, 45).replace(/-+$/, '');
}
