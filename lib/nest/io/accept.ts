/** Clients send a handful of these headers; others are read each time. */
const MOST_HEADERS = 100;

/** What an answer may be sent as, the first by default. */
export class MediaTypes {
  readonly #chosen = new Map<string, string>();

  constructor(private readonly types: readonly [string, ...string[]]) {}

  /**
   * The type that an `Accept` header asks for; a header that takes none of them asks for nothing
   * here.
   */
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
