/**
 * Finds links that lead nowhere: files and anchors in the Markdown of the repository, and in the
 * built site if there is one. Links to other hosts are not asked.
 */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { slugOf } from '../docs/.vitepress/slug.mjs';
import { filesOf, lintMarkdown } from './prose/lint.mjs';

const SITE = 'docs/.vitepress/dist';
const faults = [];
const isElsewhere = (url) => /^(?:[a-z][a-z+.-]*:|\/\/)/i.test(url);

/** @returns {Promise<{ links: { url: string, line: number }[], anchors: Set<string> }>} */
async function readMarkdown(file) {
  const links = [];
  const anchors = new Set();
  const add = (node) => void links.push({ url: node.url, line: node.loc.start.line });
  const collect = ({ Syntax, getSource }) => ({
    [Syntax.Link]: add,
    [Syntax.Image]: add,
    [Syntax.Definition]: add,
    [Syntax.Header](node) {
      const title = getSource(node).replace(/^#+\s*|\s*#*$/g, '');
      const slug = slugOf(title.replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, ''));
      for (let count = 0; ; count++) {
        const anchor = count ? `${slug}-${count}` : slug;
        if (anchors.has(anchor)) continue;
        anchors.add(anchor);
        return;
      }
    },
  });
  const text = readFileSync(file, 'utf8');
  for (const [, id] of text.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id);
  await lintMarkdown(text, [{ ruleId: 'collect', rule: collect, options: {} }]);
  return { links, anchors };
}

/** Links of a file against the files and their anchors. `anchorsOf` is undefined for other files. */
function check(from, url, line, pathOf, anchorsOf) {
  if (isElsewhere(url) || url === '') return;
  const [path, anchor] = decodeURIComponent(url).split('#');
  const target = path === '' ? from : pathOf(path.replace(/\?.*$/, ''));
  const place = line ? `${from}:${line}` : from;
  if (!existsSync(target)) faults.push(`${place}: no file at ${url}`);
  else if (anchor && anchorsOf(target) && !anchorsOf(target).has(anchor)) {
    faults.push(`${place}: no anchor at ${url}`);
  }
}

async function checkMarkdown() {
  const files = filesOf(['*.md', '**/*.md']);
  const pages = new Map();
  for (const file of files) pages.set(file, await readMarkdown(file));
  for (const [file, { links }] of pages) {
    for (const { url, line } of links) {
      const pathOf = (path) =>
        path.startsWith('/') ? siteSource(path) : normalize(join(dirname(file), path));
      check(file, url, line, pathOf, (path) => pages.get(path)?.anchors);
    }
  }
  return files.length;
}

/** The landing page links to pages by their paths on the site. */
function siteSource(path) {
  const file = path.slice(1);
  return (
    [file, `${file}.md`, `${file}index.md`].find(
      (each) => existsSync(each) && statSync(each).isFile(),
    ) ?? file
  );
}

function checkSite() {
  const files = readdirSync(SITE, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.html'))
    .map((file) => join(SITE, file));
  const texts = new Map(
    files.map((file) => [
      file,
      readFileSync(file, 'utf8').replace(/<script[^>]*>.*?<\/script>/gs, ''),
    ]),
  );
  const anchors = new Map();
  const anchorsOf = (file) => {
    if (!texts.has(file)) return undefined;
    if (!anchors.has(file)) {
      anchors.set(
        file,
        new Set([...texts.get(file).matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id)),
      );
    }
    return anchors.get(file);
  };
  for (const [file, text] of texts) {
    const urls = new Set(
      [...text.matchAll(/\s(?:href|src)="([^"]*)"/g)].map(([, url]) =>
        url.replaceAll('&amp;', '&'),
      ),
    );
    for (const url of urls) {
      const pathOf = (path) => {
        const full = path.startsWith('/') ? join(SITE, path) : join(dirname(file), path);
        return existsSync(full) && statSync(full).isDirectory() ? join(full, 'index.html') : full;
      };
      check(file, url, 0, pathOf, anchorsOf);
      if (/^https?:\/\/(?:fonts|cdn|unpkg)/.test(url)) faults.push(`${file}: loads ${url}`);
    }
  }
  return files.length;
}

/** A page that the sidebar does not list is found by nobody. */
function checkSidebar() {
  const listed =
    readFileSync(join(SITE, 'index.html'), 'utf8') +
    readFileSync(join(SITE, 'docs/faq.html'), 'utf8');
  for (const page of filesOf(['docs/*.md', 'docs/**/*.md'])) {
    const path = `/${page.replace(/(?:index)?\.md$/, '')}`;
    if (
      page === 'docs/index.md' ||
      listed.includes(`href="${path}"`) ||
      listed.includes(`href="${path}.html"`)
    )
      continue;
    faults.push(`docs/.vitepress/pages.ts: no entry for ${page}`);
  }
}

const documents = await checkMarkdown();
const site = existsSync(SITE) ? checkSite() : 0;
if (site > 0) checkSidebar();
for (const fault of faults) console.log(fault);
console.log(`${documents} documents and ${site} pages of the site, ${faults.length} dead links`);
process.exitCode = faults.length > 0 ? 1 : 0;
