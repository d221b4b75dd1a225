/** How many items a message lists at most. */
const LISTED = 8;

/** The beginning of a text that a caller gave: messages may be logged, and sent to clients. */
export function shortened(text: string, most = 100): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

/** `a, b and 7 more`. */
export function listed(names: readonly string[], most = LISTED): string {
  const rest = names.length - most;
  const shown = names.slice(0, most).map((name) => shortened(name, 60));
  return shown.join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

/** The same in quotation marks. */
export function quoted(names: readonly string[], most = LISTED): string {
  return listed(
    names.map((name) => `"${shortened(name, 58)}"`),
    most,
  );
}
