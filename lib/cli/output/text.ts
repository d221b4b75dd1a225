import stringWidth from 'string-width';

/** Control characters of a file would reach the terminal. */
export function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}

/** The same for a text of several lines. */
export function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, ' ');
}

/** A text of at most `width` cells. A longer one ends in "…". */
export function fit(text: string, width: number): string {
  // No character has so many code units per cell that the rest could matter.
  if (text.length <= width * 8 && stringWidth(text) <= width) return text;
  let kept = '';
  let cells = 0;
  for (const { segment } of new Intl.Segmenter().segment(text.slice(0, width * 8))) {
    cells += stringWidth(segment);
    if (cells > width - 1) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}

export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)));
}

/** A text as lines of at most `width` cells. Longer words, such as paths, stay whole. */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = [];
    let line = '';
    for (const word of paragraph.split(' ')) {
      const longer = line === '' ? word : `${line} ${word}`;
      if (line !== '' && stringWidth(longer) > width) {
        lines.push(line);
        line = word;
      } else {
        line = longer;
      }
    }
    return [...lines, line];
  });
}

export function indent(text: string, by = '  '): string {
  return text.replace(/^(?=.)/gm, by);
}
