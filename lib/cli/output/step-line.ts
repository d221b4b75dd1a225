/** A line that says what is being done, on a terminal; anywhere else nothing. */
export class StepLine {
  #shown = false;

  constructor(private readonly stream: NodeJS.WriteStream = process.stderr) {}

  show(step: string): void {
    if (!this.stream.isTTY) return;
    this.stream.write(`\r\x1b[K${step}...`);
    this.#shown = true;
  }

  end(): void {
    if (this.#shown) this.stream.write('\r\x1b[K');
    this.#shown = false;
  }
}
