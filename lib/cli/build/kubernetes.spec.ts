import { describe, expect, it } from 'vitest';
import { faultsOf, type Manifest } from '../../../test/helpers/manifests.js';
import { Tag } from '../../serving/store/index.js';
import { dnsLabel, manifests, type DeployedBundle } from './kubernetes.js';

const BUNDLE: DeployedBundle = {
  tag: new Tag('review_app', 'v1'),
  modelBytes: 100 * 2 ** 20,
  serves: false,
};

describe('the manifests of a bundle', () => {
  it.each([false, true])('are accepted by the API server (a model alone: %s)', (serves) => {
    const all = [...manifests({ ...BUNDLE, serves })] as [string, Manifest][];
    expect(all.map(([file]) => file)).toEqual([
      'deployment.yaml',
      'service.yaml',
      'pdb.yaml',
      'hpa.yaml',
      'keda-scaledobject.yaml',
      'kustomization.yaml',
    ]);
    for (const [file, manifest] of all) {
      if (file === 'kustomization.yaml') continue;
      expect([file, faultsOf(manifest)]).toEqual([file, []]);
      expect(manifest.metadata.name).toBe('review-app');
    }
  });

  it('run as a numeric user, write only to /tmp, and have memory for their models', () => {
    const { spec } = manifests(BUNDLE).get('deployment.yaml') as {
      spec: { template: { spec: { securityContext: object; containers: object[] } } };
    };
    expect(spec.template.spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(spec.template.spec.containers).toMatchObject([
      {
        image: 'review_app:v1',
        // 384 MiB and twice the models, in steps of 128.
        resources: { requests: { memory: '640Mi' }, limits: { memory: '1280Mi' } },
        securityContext: { readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
        volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
      },
    ]);
    expect(spec.template.spec.containers[0]).not.toHaveProperty('args');
  });

  it('have a gRPC port if a model is served without an app', () => {
    const files = manifests({ ...BUNDLE, serves: true });
    expect(files.get('service.yaml')).toMatchObject({
      spec: {
        ports: [
          { name: 'http', port: 3000 },
          { name: 'grpc', port: 8081 },
        ],
      },
    });
    expect(files.get('deployment.yaml')).toHaveProperty(
      ['spec', 'template', 'spec', 'containers', 0, 'args'],
      ['node', 'start.mjs', '--grpc-port', '8081'],
    );
  });

  it.each([
    ['review_app', 'review-app'],
    ['3d.models', 'vts-3d-models'],
    ['x'.repeat(63), 'x'.repeat(45)],
    [`${'x'.repeat(44)}_${'y'.repeat(18)}`, 'x'.repeat(44)],
  ])('have DNS names: %s is %s', (name, label) => {
    expect(dnsLabel(name)).toBe(label);
  });
});
