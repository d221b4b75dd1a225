const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

/** Abbreviations after which no sentence ends. */
const ABBREVIATION = /(?:\b(?:e\.g|i\.e|etc|cf|vs|approx|resp|Fig|No)\.)\s*$/;

/** @returns {{ text: string, index: number }[]} The sentences of a text without markup. */
export function sentencesOf(text) {
  const sentences = [];
  // A line's end is no sentence's end, and an emoji or a dash none either.
  for (const { segment, index } of segmenter.segment(text.replace(/\n/g, ' '))) {
    const last = sentences.at(-1);
    if (last && (ABBREVIATION.test(last.text) || /^\s*[a-z(]/.test(segment))) last.text += segment;
    else sentences.push({ text: segment, index });
  }
  return sentences.map(({ text: each, index }) => {
    const start = each.length - each.trimStart().length;
    return { text: each.trim(), index: index + start };
  });
}

/** A sentence of names in code is a list, which nobody reads aloud. */
export function isListing(words) {
  const names = words.filter((word) => /^x+$/.test(word)).length;
  return words.length > 12 && names * 2 > words.length;
}

export const wordsOf = (text) => text.match(/[\p{L}\p{N}][\p{L}\p{N}’'./_-]*/gu) ?? [];
