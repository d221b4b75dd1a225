/** PIL's resampling filters, by number in `Image.Resampling`. */
export const RESAMPLES = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'] as const;

export type Resample = (typeof RESAMPLES)[number];

/** A filter: its weight at a distance from the centre, and the distance past which it is zero. */
export interface Filter {
  readonly support: number;
  weight(x: number): number;
}

const CUBIC = -0.5;

/** The averaging filters; nearest only picks pixels. */
export const filters: Readonly<Record<Exclude<Resample, 'nearest'>, Filter>> = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: { support: 1, weight: hamming },
  bicubic: { support: 2, weight: bicubic },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

// PIL stores the two numbers of this window in single precision.
const HAMMING_BASE = Math.fround(0.54);
const HAMMING_WAVE = Math.fround(0.46);

function hamming(x: number): number {
  if (x === 0) return 1;
  if (Math.abs(x) >= 1) return 0;
  const angle = Math.abs(x) * Math.PI;
  return (Math.sin(angle) / angle) * (HAMMING_BASE + HAMMING_WAVE * Math.cos(angle));
}

/** Keys' cubic convolution with a = -0.5. */
function bicubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return ((CUBIC + 2) * x - (CUBIC + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * CUBIC;
  return 0;
}

function sinc(x: number): number {
  if (x === 0) return 1;
  const angle = x * Math.PI;
  return Math.sin(angle) / angle;
}
