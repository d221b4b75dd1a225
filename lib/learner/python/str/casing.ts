/**
 * `text.lower()`.
 *
 * Both languages follow Unicode's full mapping with the final-sigma rule and no locale.
 */
export function lower(text: string): string {
  return text.toLowerCase();
}

/** `text.upper()`. */
export function upper(text: string): string {
  return text.toUpperCase();
}
