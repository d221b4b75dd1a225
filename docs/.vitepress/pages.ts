import { readFileSync, readdirSync } from 'node:fs';
import type { DefaultTheme } from 'vitepress';

const docs = new URL('..', import.meta.url);

const page = (text: string, path: string): DefaultTheme.SidebarItem => ({
  text,
  link: `/docs/${path}`,
});

/** The records of decisions, by number. */
function decisions(): DefaultTheme.SidebarItem[] {
  return readdirSync(new URL('decisions', docs))
    .sort()
    .map((file) => {
      const text = readFileSync(new URL(`decisions/${file}`, docs), 'utf8');
      return page(/^# (.+)$/m.exec(text)?.[1] ?? file, `decisions/${file.replace(/\.md$/, '')}`);
    });
}

/** Every page of the site by chapter. `.ci/links.mjs` names the pages that are missing here. */
export const pages: DefaultTheme.SidebarItem[] = [
  {
    text: 'Getting started',
    items: [
      page('Serve a file', 'getting-started/data-scientist'),
      page('An endpoint in Nest', 'getting-started/nest'),
      page('Without Nest', 'getting-started/library'),
      page('Migration from BentoML', 'migrating-from-bentoml'),
      page('Questions', 'faq'),
    ],
  },
  {
    text: 'Learners',
    items: [
      page('Which learners', 'learners/'),
      page('Texts', 'learners/text'),
      page('Language models', 'learners/language-models'),
      page('Images', 'learners/vision'),
      page('timm and torchvision', 'learners/timm'),
      page('Tables', 'learners/tabular'),
      page('Arrays and time series', 'learners/time-series'),
      page('Several inputs', 'learners/several-inputs'),
      page('Several results', 'learners/several-results'),
      page('Explanations', 'learners/explanations'),
      page('If the file is not enough', 'learners/loading-options'),
      page('Your notebook’s own code', 'notebook-code'),
      page('The PyTorch layer', 'pytorch-layer'),
      page('Custom runnables', 'custom-runnables'),
    ],
  },
  {
    text: 'Endpoints and clients',
    items: [
      page('Endpoints and descriptors', 'endpoints'),
      page('Errors over HTTP', 'http-errors'),
      page('Guards, CORS and limits', 'guards'),
      page('OpenAPI and clients', 'openapi'),
      page('The page', 'page'),
      page('Jobs', 'jobs'),
      page('Open Inference Protocol', 'open-inference'),
      page('The client', 'client'),
      page('Remote runners', 'remote-runners'),
      page('Testing', 'testing'),
    ],
  },
  {
    text: 'The vts command',
    items: [
      page('The store', 'vts/'),
      page('Sources of learners', 'vts/sources'),
      page('Inspect, predict, compare', 'vts/inspect'),
      page('vts serve', 'vts/serve'),
      page('Batch', 'batch'),
      page('Batch over several machines', 'batch-over-machines'),
      page('Export', 'vts/export'),
      page('Bundles', 'bundles'),
    ],
  },
  {
    text: 'In production',
    items: [
      page('Operations', 'operations'),
      page('Scaling', 'scaling'),
      page('Kubernetes', 'kubernetes'),
      page('Security', 'security'),
      page('Performance', 'performance'),
      page('Error codes', 'errors'),
    ],
  },
  {
    text: 'Coverage',
    items: [page('Coverage tables', 'coverage'), page('Names in files', 'names')],
  },
  {
    text: 'The project',
    items: [
      { text: 'Contributing', link: '/CONTRIBUTING' },
      { text: 'Changes', link: '/CHANGELOG' },
      page('How it works', 'how-it-works'),
      { ...page('Design and decisions', 'design'), collapsed: true, items: decisions() },
      page('Style', 'STYLE'),
    ],
  },
];

/** The entry points of the package, as TypeDoc writes them. */
export const reference: DefaultTheme.SidebarItem[] = [
  page('All entry points', 'reference/'),
  page('nestjs-vts', 'reference/nestjs-vts/'),
  ...['learner', 'serving', 'client', 'express', 'runnable'].map((name) =>
    page(`nestjs-vts/${name}`, `reference/nestjs-vts/${name}/`),
  ),
];
