/**
 * Tells the user of something that is odd but no failure, as Node does: on stderr unless
 * `--no-warnings`, and as the process's `warning` event.
 */
export function warn(code: string, message: string): void {
  process.emitWarning(message, { type: 'VtsWarning', code });
}
