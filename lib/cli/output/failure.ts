/** A failure as one line for people: the message, without the stack. */
export function describeFailure(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : String(error);
  // An error that is no fault of the user's tells at least of what kind it is.
  const kind = error instanceof Error && isBug(error) ? `${error.name}: ` : '';
  return `${kind}${message}`.replace(/\s*\n\s*/g, ' ').trim();
}

function isBug(error: Error): boolean {
  return ['TypeError', 'ReferenceError', 'RangeError', 'SyntaxError'].includes(error.name);
}
