/** float32 of every pattern of a narrow float type, by its bits. */
let float16Table: Float32Array | undefined;
let e4m3fnTable: Float32Array | undefined;
let e5m2Table: Float32Array | undefined;

/** Widens IEEE half precision; exact, incl. subnormals, infinities and NaN. */
export function widenFloat16(bits: Uint16Array): Float32Array {
  float16Table ??= buildTable(16, 5, 10, 'ieee');
  return lookUp(bits, float16Table);
}

/** Widens bfloat16: the upper half of a float32. */
export function widenBfloat16(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i]! << 16;
  return new Float32Array(words.buffer);
}

/** Widens float8 with 4 bits of exponent: finite values and NaN only, no infinities. */
export function widenFloat8E4m3fn(bits: Uint8Array): Float32Array {
  e4m3fnTable ??= buildTable(8, 4, 3, 'finite');
  return lookUp(bits, e4m3fnTable);
}

/** Widens float8 with 5 bits of exponent: IEEE, infinities included. */
export function widenFloat8E5m2(bits: Uint8Array): Float32Array {
  e5m2Table ??= buildTable(8, 5, 2, 'ieee');
  return lookUp(bits, e5m2Table);
}

function lookUp(bits: Uint16Array | Uint8Array, table: Float32Array): Float32Array {
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = table[bits[i]!]!;
  return values;
}

function buildTable(
  width: number,
  exponentBits: number,
  mantissaBits: number,
  kind: 'ieee' | 'finite',
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
