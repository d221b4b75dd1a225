import { randomBytes } from 'node:crypto';

/** The state of a generator, from which another can continue: four words. */
export type RandomState = Uint32Array;

/**
 * xoshiro128**, seeded through a hash so that adjacent seeds are unrelated. It has the distribution
 * of torch's numbers, not the numbers themselves.
 */
export class SeededRandom {
  private constructor(readonly state: RandomState) {}

  /** @param seed Any safe integer; without a seed, the numbers differ each time. */
  static from(seed?: number): SeededRandom {
    if (seed === undefined) {
      const bytes = randomBytes(16);
      return new SeededRandom(new Uint32Array(new Uint8Array(bytes).buffer));
    }
    const bits = BigInt.asUintN(64, BigInt(seed));
    const [low, high] = [Number(bits & 0xffffffffn), Number(bits >> 32n)];
    const state = Uint32Array.from({ length: 4 }, (_, i) =>
      hash(hash(low + Math.imul(i + 1, 0x9e3779b9)) ^ hash(high + Math.imul(i + 1, 0x85ebca6b))),
    );
    // The one state that the generator never leaves.
    if (state.every((word) => word === 0)) state[0] = 1;
    return new SeededRandom(state);
  }

  static resume(state: RandomState): SeededRandom {
    return new SeededRandom(state.slice());
  }

  /** In [0, 1), with 53 random bits. */
  next(): number {
    return ((this.#word() >>> 5) * 0x4000000 + (this.#word() >>> 6)) / 2 ** 53;
  }

  #word(): number {
    const s = this.state as unknown as [number, number, number, number];
    const result = Math.imul(rotate(Math.imul(s[1], 5), 7), 9);
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 11);
    return result >>> 0;
  }
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/** MurmurHash3's finalizer: each bit of the input flips each of the output with even chance. */
function hash(word: number): number {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
