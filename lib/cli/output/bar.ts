import stringWidth from 'string-width';
import type { Screen } from './screen.js';
import { fit, oneLine, padded } from './text.js';

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A share from 0 to 1 as a bar; any share above 0 is visible. */
export function bar(share: number, width: number): string {
  const clamped = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0));
  const eighths = Math.max(clamped > 0 ? 1 : 0, Math.round(clamped * width * 8));
  return '█'.repeat(eighths >> 3) + EIGHTHS[eighths & 7]!;
}

/** `98.21 %`; the decimals distinguish 0.9999 from 1. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

export interface Share {
  readonly name: string;
  readonly share: number;
  /** Whether the model says so. */
  readonly chosen: boolean;
}

const WIDEST_BAR = 40;

/** One line per share: its name, a bar and the number. */
export function bars(shares: readonly Share[], screen: Screen): string[] {
  const room = Math.max(20, Math.min(100, screen.width - 1));
  const names = shares.map(({ name }) => fit(oneLine(name), Math.floor(room * 0.45)));
  const nameWidth = Math.max(0, ...names.map((name) => stringWidth(name)));
  const barWidth = Math.max(4, Math.min(WIDEST_BAR, room - nameWidth - 14));
  return shares.map(({ share, chosen }, i) => {
    const look = chosen ? 'good' : 'quiet';
    const name = padded(names[i]!, nameWidth);
    const drawn = screen.look(look, padded(bar(share, barWidth), barWidth));
    return `${chosen ? screen.look('strong', name) : name}  ${drawn}  ${percent(share).padStart(9)}`;
  });
}

/** A number on the range of a model: `0 ├──────●────┤ 5`. */
export function gauge(value: number, [low, high]: readonly [number, number], width = 32): string {
  const share = high > low ? (value - low) / (high - low) : 0;
  const at = Math.round(Math.min(1, Math.max(0, share)) * (width - 1));
  return `${low} ├${'─'.repeat(at)}●${'─'.repeat(width - 1 - at)}┤ ${high}`;
}
