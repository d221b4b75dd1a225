/** `spec_add_spaces`: `and/or` becomes `and / or`. */
export function specAddSpaces(text: string): string {
  if (!text.includes('/') && !text.includes('#') && !text.includes('\\')) return text;
  return text.replace(/[/#\\]/g, ' $& ');
}

/** `rm_useless_spaces`: only spaces, no other white space. */
export function rmUselessSpaces(text: string): string {
  return text.includes('  ') ? text.replace(/ {2,}/g, ' ') : text;
}
