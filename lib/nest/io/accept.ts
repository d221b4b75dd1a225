/** Clients send few different headers; others are parsed each time. */
const MOST_HEADERS = 100;

/** The types in which an answer can be sent; the first is the default. */
export class MediaTypes {
  readonly #chosen = new Map<string, string>();

  constructor(private readonly types: readonly [string, ...string[]]) {}

  /** The type that an `Accept` header prefers; undefined if it accepts none of them. */
  chosenBy(accept: string | undefined): string {
    if (accept === undefined || accept === '*/*') return this.types[0];
    const known = this.#chosen.get(accept);
    if (known !== undefined) return known;
    const chosen = this.#choose(accept);
    if (this.#chosen.size < MOST_HEADERS) this.#chosen.set(accept, chosen);
    return chosen;
  }

  #choose(accept: string): string {
    const ranges = accept.split(',').map((range) => {
      const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
      const quality = parameters.find((parameter) => /^q\s*=/.test(parameter));
      const q = quality === undefined ? 1 : Number(quality.slice(quality.indexOf('=') + 1));
      return { type, q: q >= 0 && q <= 1 ? q : 1 };
    });
    const named = (names: readonly string[]): number | undefined =>
      ranges.find(({ type }) => names.includes(type))?.q;
    let [best, most] = [this.types[0], 0];
    for (const type of this.types) {
      const q = named([type]) ?? named([type.replace(/\/.*/, '/*')]) ?? named(['*/*']);
      if (q !== undefined && q > most) [best, most] = [type, q];
    }
    return best;
  }
}
