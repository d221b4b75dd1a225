/** A file that is not Python; whoever knows which file it is says so with an UnreadableCodeError. */
export class PythonSyntaxError extends Error {
  constructor(
    readonly line: number,
    readonly reason: string,
  ) {
    super(`line ${line}: ${reason}`);
  }
}
