/** A probability as a percentage, with more digits near 0 and 1. */
export function percent(value: number): string {
  const share = value * 100;
  const near = Math.min(share, 100 - share);
  if (near > 0 && near < 0.0005) return share < 50 ? '< 0.001%' : '> 99.999%';
  const digits = near >= 0.1 || near === 0 ? 1 : 3;
  return `${share.toFixed(digits)}%`;
}

/** A number with its meaningful digits: float32 has 7. */
export function short(value: number): string {
  if (!Number.isFinite(value) || Number.isInteger(value)) return String(value);
  return String(Number(value.toPrecision(6)));
}

export function duration(ms: number): string {
  return ms < 1000
    ? `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
    : `${(ms / 1000).toFixed(1)} s`;
}

export function bytes(size: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB'];
  let at = 0;
  let value = size;
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000;
    at += 1;
  }
  return `${at === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[at] ?? ''}`;
}

export function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
