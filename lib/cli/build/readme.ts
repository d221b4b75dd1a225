import type { Tag } from '../../serving/store/index.js';
import type { Vtsfile } from './vtsfile.js';

export interface ReadmeFacts {
  readonly tag: Tag;
  readonly description: string | undefined;
  readonly models: readonly { readonly tag: string; readonly module: string }[];
  readonly document: object;
  readonly file: Vtsfile;
  /** Whether the bundle has Kubernetes manifests. */
  readonly kubernetes: boolean;
}

export function bundleReadme(facts: ReadmeFacts): string {
  const { tag, description, models, document, file, kubernetes } = facts;
  const endpoints = endpointsOf(document);
  const sections = [
    `# ${tag.name}`,
    ...(description === undefined ? [] : [description]),
    `A bundle of nestjs-vts, version \`${tag.version}\`: a complete app with its models.`,
    '## Run',
    '```bash\nnpm ci --omit=dev && npm start\n```',
    'It listens on the port `PORT` (default 3000). The documentation of its endpoints is at `/docs`, and in `openapi.json`.',
    ...(endpoints.length > 0 ? ['## Endpoints', endpoints.join('\n')] : []),
    '## Models',
    models.map((model) => `- \`${model.tag}\`${model.module && ` (${model.module})`}`).join('\n') ||
      'None.',
    ...(file.envs && file.envs.length > 0
      ? [
          '## Environment',
          file.envs.map(({ name, stage }) => `- \`${name}\` (${stage})`).join('\n'),
        ]
      : []),
    '## Container',
    `\`\`\`bash\nvts containerize ${tag}\n\`\`\`\n\nor, in this folder, \`docker build -t ${tag} .\``,
    ...(kubernetes
      ? [
          '## Kubernetes',
          'Push the image, name it in `kubernetes/kustomization.yaml`, then:',
          '```bash\nkubectl apply -k kubernetes\n```',
        ]
      : []),
  ];
  return `${sections.join('\n\n')}\n`;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** A line for each operation of an OpenAPI document. */
function endpointsOf(document: object): string[] {
  const { paths = {} } = document as {
    paths?: Record<string, Record<string, { summary?: string }>>;
  };
  return Object.entries(paths).flatMap(([path, operations]) =>
    METHODS.flatMap((method) => {
      const operation = operations[method];
      if (!operation) return [];
      const summary = operation.summary ? `: ${operation.summary}` : '';
      return [`- \`${method.toUpperCase()} ${path}\`${summary}`];
    }),
  );
}
