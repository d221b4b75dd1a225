/**
 * SQL's `LIKE`: `%` is any text, `_` is one character, and a character after `escape` stands for
 * itself. The time is at most proportional to the product of both lengths, which a regular
 * expression cannot guarantee.
 */
export function like(text: string, pattern: string, escape: string | undefined): boolean {
  const wanted = partsOf(pattern, escape);
  const signs = [...text];
  let [at, part] = [0, 0];
  let retry: readonly [at: number, part: number] | undefined;
  while (at < signs.length) {
    const next = wanted[part];
    if (next === ANY) {
      part++;
      retry = [at, part];
    } else if (next !== undefined && (next === ONE || next === signs[at])) {
      at++;
      part++;
    } else if (retry) {
      // The last `%` consumes one more character.
      retry = [retry[0] + 1, retry[1]];
      [at, part] = retry;
    } else return false;
  }
  while (wanted[part] === ANY) part++;
  return part === wanted.length;
}

const ANY = Symbol('%');
const ONE = Symbol('_');

function partsOf(pattern: string, escape: string | undefined): (string | symbol)[] {
  const parts: (string | symbol)[] = [];
  let isPlain = false;
  for (const sign of pattern) {
    if (!isPlain && sign === escape) isPlain = true;
    else {
      parts.push(isPlain ? sign : sign === '%' ? ANY : sign === '_' ? ONE : sign);
      isPlain = false;
    }
  }
  return parts;
}
