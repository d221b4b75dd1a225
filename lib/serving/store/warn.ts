/**
 * Warns the user about something unusual that is not a failure, as Node does: on stderr unless
 * `--no-warnings` is set, and as the process's `warning` event.
 */
export function warn(code: string, message: string): void {
  process.emitWarning(message, { type: 'VtsWarning', code });
}
