import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { defineConfig } from 'vitepress';
import { pages, reference } from './pages.js';
import { slugOf } from './slug.mjs';

const root = new URL('../..', import.meta.url).pathname;

export default defineConfig({
  title: 'nestjs-vts',
  description: 'Serve fastai learners from NestJS, without Python.',
  lang: 'en',
  // The pages link to the README and to files beside docs/, as they do where the repository is read.
  srcDir: '..',
  srcExclude: [
    'README.md',
    'CODE_OF_CONDUCT.md',
    '.github/**',
    'node_modules/**',
    'dist/**',
    'lib/**',
    'test/**',
    'bench/**',
  ],
  rewrites: { 'docs/index.md': 'index.md' },
  ignoreDeadLinks: 'localhostLinks',
  metaChunk: true,
  markdown: { config: withoutSources, anchor: { slugify: slugOf } },
  // The landing page names its picture where Vite does not look for one.
  vite: { publicDir: join(root, 'docs/images'), build: { chunkSizeWarningLimit: 4_000 } },
  themeConfig: {
    nav: [
      { text: 'Start', link: '/docs/getting-started/data-scientist' },
      { text: 'Learners', link: '/docs/learners/' },
      { text: 'Errors', link: '/docs/errors' },
      { text: 'Coverage', link: '/docs/coverage' },
      { text: 'Reference', link: '/docs/reference/' },
    ],
    sidebar: { '/docs/reference/': reference, '/': pages },
    outline: [2, 3],
    search: {
      provider: 'local',
      // Guides come before the reference, which names every option several times.
      options: {
        miniSearch: {
          searchOptions: {
            boostDocument: (id: string) => (id.startsWith('/docs/reference/') ? 0.2 : 1),
          },
        },
      },
    },
    docFooter: { prev: 'Previous', next: 'Next' },
  },
});

type Configure = NonNullable<NonNullable<Parameters<typeof defineConfig>[0]['markdown']>['config']>;

/** A link to a source file becomes plain text, because the site does not have the file. */
function withoutSources(...[markdown]: Parameters<Configure>): void {
  markdown.core.ruler.push('without-sources', ({ tokens, env }) => {
    for (const { children } of tokens) {
      let isOpen = false;
      for (const token of children ?? []) {
        const href = token.type === 'link_open' ? (token.attrGet('href') ?? '') : '';
        if (href && isSource(decodeURI(href), env.path ?? '')) {
          Object.assign(token, { tag: 'span', attrs: null });
          isOpen = true;
        } else if (token.type === 'link_close' && isOpen) {
          token.tag = 'span';
          isOpen = false;
        }
      }
    }
  });
}

function isSource(href: string, page: string): boolean {
  if (/^(?:[a-z]+:|#|\/)/.test(href)) return false;
  const path = join(page ? dirname(page) : root, href.replace(/[?#].*$/, ''));
  if (path === join(root, 'README.md') || path === join(root, 'CODE_OF_CONDUCT.md')) return true;
  return !path.endsWith('.md') && existsSync(path);
}
