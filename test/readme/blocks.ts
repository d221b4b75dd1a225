import { readFileSync } from 'node:fs';

/** A fenced block of a document. */
export interface Block {
  /** The document's path in the repository. */
  readonly document: string;
  readonly language: string;
  readonly heading: string;
  /** Line of its first line, counted from 1. */
  readonly line: number;
  readonly code: string;
}

/** The blocks of a document, in order. */
export function blocksOf(document: string): Block[] {
  const blocks: Block[] = [];
  let heading = '';
  let open: { language: string; line: number; lines: string[] } | undefined;
  readFileSync(new URL(`../../${document}`, import.meta.url), 'utf8')
    .split('\n')
    .forEach((text, index) => {
      const fence = /^```(\w*)$/.exec(text);
      if (open && text === '```') {
        const { language, line, lines } = open;
        blocks.push({ document, language, heading, line, code: lines.join('\n') });
        open = undefined;
      } else if (open) open.lines.push(text);
      else if (fence) open = { language: fence[1] ?? '', line: index + 2, lines: [] };
      else heading = /^#+ (.*)$/.exec(text)?.[1] ?? heading;
    });
  return blocks;
}
