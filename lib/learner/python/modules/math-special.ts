// The error function and Euler's gamma, which JavaScript lacks.

const TERMS = 60;

/** Uses its Taylor series near zero, where no precision is lost, and {@link erfc} elsewhere. */
export function erf(x: number): number {
  if (Math.abs(x) >= 1.5) return x > 0 ? 1 - tail(x) : tail(-x) - 1;
  const square = x * x;
  let sum = 0;
  for (let k = TERMS; k > 0; k--) sum = 2 + (square * sum) / (k + 0.5);
  return (sum * x * Math.exp(-square)) / Math.sqrt(Math.PI);
}

export function erfc(x: number): number {
  if (Math.abs(x) < 1.5) return 1 - erf(x);
  return x > 0 ? tail(x) : 2 - tail(-x);
}

/** `erfc(x)` for x >= 1.5, by its continued fraction. */
function tail(x: number): number {
  if (x >= 30) return 0;
  const square = x * x;
  let [a, da] = [0, 0.5];
  let [p, q, previousP, previousQ] = [1, square + 0.5, 0, 1];
  for (let term = 0; term < 100; term++) {
    a += da;
    da += 2;
    const b = da + square;
    [p, previousP] = [b * p - a * previousP, p];
    [q, previousQ] = [b * q - a * previousQ, q];
    // Only the fraction matters.
    const scale = Math.abs(q) > 1e200 ? 1e-200 : 1;
    [p, q, previousP, previousQ] = [p * scale, q * scale, previousP * scale, previousQ * scale];
  }
  return ((p / q) * x * Math.exp(-square)) / Math.sqrt(Math.PI);
}

// Lanczos' approximation with g = 7 and nine terms.
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
  -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6,
  1.5056327351493116e-7,
];

function series(x: number): number {
  return LANCZOS.slice(1).reduce(
    (sum, term, at) => sum + term / (x + at + 1),
    LANCZOS[0] as number,
  );
}

export function gamma(x: number): number {
  if (Number.isNaN(x) || x === Number.POSITIVE_INFINITY) return x;
  if (Number.isInteger(x) && x > 0 && x < 172) {
    let result = 1;
    for (let factor = 2; factor < x; factor++) result *= factor;
    return result;
  }
  if (x < 0.5) return Math.PI / (Math.sin(Math.PI * x) * gamma(1 - x));
  const shifted = x - 1;
  const t = shifted + 7.5;
  // The power is computed in two steps, because it may overflow although the result does not.
  const half = t ** ((shifted + 0.5) / 2);
  return Math.sqrt(2 * Math.PI) * half * Math.exp(-t) * half * series(shifted);
}

export function logGamma(x: number): number {
  if (Number.isInteger(x) && x <= 0) return Number.POSITIVE_INFINITY;
  if (x === 1 || x === 2) return 0;
  if (x < 0.5) return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * x))) - logGamma(1 - x);
  const shifted = x - 1;
  const t = shifted + 7.5;
  return (
    0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(series(shifted))
  );
}
