/** A text is not Python; callers that know the file convert this to an UnreadableCodeError. */
export class PythonSyntaxError extends Error {
  constructor(
    readonly line: number,
    readonly reason: string,
  ) {
    super(`line ${line}: ${reason}`);
  }
}
