export interface ServerEvent {
  readonly name: string;
  readonly data: string;
}

/** Reads server-sent events from text that arrives in pieces. */
export class EventReader {
  #rest = '';
  #name = '';
  #data: string[] = [];

  push(text: string): ServerEvent[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#line(line));
  }

  /** The rest of an answer without its last empty line. */
  end(): ServerEvent[] {
    return this.push('\n\n');
  }

  #line(line: string): ServerEvent[] {
    if (line === '') {
      const event = { name: this.#name, data: this.#data.join('\n') };
      const any = this.#data.length > 0 || this.#name !== '';
      this.#name = '';
      this.#data = [];
      return any ? [event] : [];
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#name = value;
    if (field === 'data') this.#data.push(value);
    return [];
  }
}
