/** `spec_add_spaces`: spaces around `/`, `#` and `\`. @internal */
export function specAddSpaces(text: string): string {
  return text.replace(/[/#\\]/g, ' $& ');
}

/** `rm_useless_spaces`: runs of spaces (of no other white space) become one. @internal */
export function rmUselessSpaces(text: string): string {
  return text.replace(/ {2,}/g, ' ');
}

/** `replace_space`: spaces in a token become `▁`, so that tokens can be joined by spaces. @internal */
export function replaceSpace(text: string): string {
  return text.replaceAll(' ', '▁');
}
