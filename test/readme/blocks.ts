import { readdirSync, readFileSync } from 'node:fs';

/** A fenced block of a document. */
export interface Block {
  /** The document's path in the repository. */
  readonly document: string;
  readonly language: string;
  readonly heading: string;
  /** The number of its first line, from 1. */
  readonly line: number;
  readonly code: string;
}

const ROOT = new URL('../../', import.meta.url);

/** The pages of docs/, by their paths in the repository; the reference is made from the source. */
export function pages(): string[] {
  return readdirSync(new URL('docs', ROOT), { recursive: true, encoding: 'utf8' })
    .map((path) => `docs/${path.replaceAll('\\', '/')}`)
    .filter((path) => /\.md$/.test(path) && !/^docs\/(?:reference|\.vitepress)\//.test(path))
    .sort();
}

/** The blocks of a document, in order. */
export function blocksOf(document: string): Block[] {
  const blocks: Block[] = [];
  let heading = '';
  let open: { language: string; line: number; margin: string; lines: string[] } | undefined;
  readFileSync(new URL(document, ROOT), 'utf8')
    .split('\n')
    .forEach((text, index) => {
      const fence = /^( *)```(\w*)$/.exec(text);
      if (open && text === `${open.margin}\`\`\``) {
        const { language, line, lines } = open;
        blocks.push({ document, language, heading, line, code: lines.join('\n') });
        open = undefined;
      } else if (open) open.lines.push(text.slice(open.margin.length));
      else if (fence) {
        const [, margin = '', language = ''] = fence;
        open = { language, line: index + 2, margin, lines: [] };
      } else heading = /^#+ (.*)$/.exec(text)?.[1] ?? heading;
    });
  return blocks;
}
