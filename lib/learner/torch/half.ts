/**
 * Narrow floats as float32, bit by bit; exact, including subnormals, infinities and NaN. Of the
 * float8 types only the one with 5 bits of exponent has infinities.
 */
export const widenFloat16 = widenBy(() => tableOf(16, 5, 10));
export const widenFloat8E5m2 = widenBy(() => tableOf(8, 5, 2));
export const widenFloat8E4m3fn = widenBy(() => tableOf(8, 4, 3, 'finite'));

/** bfloat16 is the upper half of a float32. */
export function widenBfloat16(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i]! << 16;
  return new Float32Array(words.buffer);
}

function widenBy(build: () => Float32Array): (bits: Uint16Array | Uint8Array) => Float32Array {
  let table: Float32Array | undefined;
  return (bits) => {
    table ??= build();
    const values = new Float32Array(bits.length);
    for (let i = 0; i < bits.length; i++) values[i] = table[bits[i]!]!;
    return values;
  };
}

function tableOf(
  width: 8 | 16,
  exponentBits: number,
  mantissaBits: number,
  kind: 'ieee' | 'finite' = 'ieee',
): Float32Array {
  const table = new Float32Array(2 ** width);
  const bias = 2 ** (exponentBits - 1) - 1;
  const maxExponent = 2 ** exponentBits - 1;
  const steps = 2 ** mantissaBits;
  const signBit = 2 ** (width - 1);
  for (let bits = 0; bits < signBit; bits++) {
    const exponent = bits >> mantissaBits;
    const mantissa = bits % steps;
    let value: number;
    if (kind === 'ieee' && exponent === maxExponent) value = mantissa === 0 ? Infinity : NaN;
    else if (kind === 'finite' && bits === signBit - 1) value = NaN;
    else if (exponent === 0) value = (mantissa / steps) * 2 ** (1 - bias);
    else value = (1 + mantissa / steps) * 2 ** (exponent - bias);
    table[bits] = value;
    table[bits + signBit] = -value;
  }
  return table;
}
