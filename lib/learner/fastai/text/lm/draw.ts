import { NoTokenLeftError, NotProbabilitiesError } from '../../errors.js';

/** Which tokens may be drawn, and how. */
export interface DrawRules {
  /** The id of a token that is never drawn. */
  readonly excluded: number | undefined;
  readonly minP: number | undefined;
  readonly temperature: number;
}

/**
 * The weights by which fastai's `LMLearner.predict` draws: the probabilities without `xxunk`,
 * without those below `minP`, and to the power of 1 / temperature. Changed in place.
 *
 * @returns false if no probability reaches `minP`, which then has no effect.
 */
export function weigh(probs: Float32Array, { excluded, minP, temperature }: DrawRules): boolean {
  if (excluded !== undefined) probs[excluded] = 0;
  let reached = true;
  if (minP !== undefined) {
    // torch compares float32 numbers with the bound rounded to float32.
    const bound = Math.fround(minP);
    reached = largest(probs) >= bound;
    if (reached) for (let i = 0; i < probs.length; i++) if (probs[i]! < bound) probs[i] = 0;
  }
  if (temperature !== 1) {
    // Divides by the largest weight. At a low temperature all weights would underflow otherwise, as
    // they do in fastai.
    const most = largest(probs);
    const power = 1 / temperature;
    for (let i = 0; i < probs.length; i++) {
      const p = probs[i]!;
      // 1 to the power of infinity is NaN in JavaScript.
      if (p !== 0) probs[i] = p === most ? 1 : (p / most) ** power;
    }
  }
  return reached;
}

/**
 * `torch.multinomial(weights, 1)`, drawn with a `uniform` number in [0, 1).
 *
 * @throws NoTokenLeftError, NotProbabilitiesError
 */
export function draw(weights: Float32Array, uniform: number): number {
  let total = 0;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i]!;
    if (!(weight >= 0 && weight < Infinity)) throw new NotProbabilitiesError(weight);
    total += weight;
  }
  if (total === 0) throw new NoTokenLeftError();
  let rest = uniform * total;
  let last = 0;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i]!;
    if (weight === 0) continue;
    if (rest < weight) return i;
    rest -= weight;
    last = i;
  }
  // Rounding may leave a small remainder after the last weight.
  return last;
}

function largest(probs: Float32Array): number {
  let most = -Infinity;
  for (let i = 0; i < probs.length; i++) if (probs[i]! > most) most = probs[i]!;
  return most;
}
