import { UnexpectedItemError } from '../errors.js';

const MOST_NUMBERS = 1_000_000;

/** Nested lists of numbers with one length at each depth. @throws UnexpectedItemError */
export function numbersOf(
  item: unknown,
  name: string,
): { readonly values: readonly number[]; readonly dims: readonly number[] } {
  const dims: number[] = [];
  for (let at = item; Array.isArray(at); at = (at as readonly unknown[])[0]) dims.push(at.length);
  const values: number[] = [];
  const expected = `numbers in lists of one length as "${name}"`;
  const read = (one: unknown, depth: number): void => {
    if (Array.isArray(one)) {
      if (one.length !== dims[depth])
        throw new UnexpectedItemError('lists of different lengths', expected);
      for (const inner of one as readonly unknown[]) read(inner, depth + 1);
      return;
    }
    if ((typeof one !== 'number' && typeof one !== 'boolean') || depth !== dims.length) {
      throw new UnexpectedItemError(`a value of type ${typeof one}`, expected);
    }
    if (values.push(Number(one)) > MOST_NUMBERS) {
      throw new UnexpectedItemError(`more than ${MOST_NUMBERS} numbers`, expected);
    }
  };
  read(item, 0);
  return { values, dims };
}
