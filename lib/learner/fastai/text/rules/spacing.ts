/** `spec_add_spaces`: spaces around `/`, `#` and `\`. */
export function specAddSpaces(text: string): string {
  return text.replace(/[/#\\]/g, ' $& ');
}

/** `rm_useless_spaces`: runs of spaces (of no other white space) become one. */
export function rmUselessSpaces(text: string): string {
  return text.replace(/ {2,}/g, ' ');
}

/** `replace_space`: spaces in a token become `▁`, so that tokens can be joined by spaces. */
export function replaceSpace(text: string): string {
  return text.replaceAll(' ', '▁');
}
