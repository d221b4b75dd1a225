import { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import type { Colour } from '../../learner/fastai/vision/image/png-writer.js';

const LOOKS = {
  strong: 'bold',
  quiet: 'dim',
  good: 'green',
  careful: 'yellow',
  bad: 'red',
  accent: 'cyan',
} as const;

/** The visual role of a text. */
export type Look = keyof typeof LOOKS;

/**
 * The capabilities of a stream. A terminal has a width and colours; a pipe or a file gets plain
 * text.
 */
export class Screen {
  private constructor(
    readonly isTerminal: boolean,
    /** In cells; Infinity if lines may have any length. */
    readonly width: number,
    readonly height: number,
    /** Bits of a colour: 1 for none, 4, 8 or 24. */
    readonly depth: number,
  ) {}

  static of(stream: NodeJS.WriteStream): Screen {
    const isTerminal = stream.isTTY === true;
    // Some pseudo terminals have a size of 0.
    const [width, height] = isTerminal
      ? [stream.columns || 80, stream.rows || 24]
      : [Infinity, Infinity];
    const forced = process.env['FORCE_COLOR'] !== undefined;
    // Node's own check of NO_COLOR, FORCE_COLOR, TERM and other signs of colour support.
    const depth = isTerminal || forced ? WriteStream.prototype.getColorDepth.call(stream) : 1;
    return new Screen(isTerminal, width, height, depth);
  }

  /** A screen without colours, for texts that are not written yet. */
  static readonly plain = new Screen(false, Infinity, Infinity, 1);

  get hasColours(): boolean {
    return this.depth > 1;
  }

  look(look: Look, text: string): string {
    return this.hasColours ? styleText(LOOKS[look], text, { validateStream: false }) : text;
  }

  /**
   * A text in a colour, optionally on another background, in the nearest colours of the terminal.
   */
  paint(text: string, colour: Colour, ground?: Colour): string {
    if (!this.hasColours) return text;
    const codes = [sgr(colour, 38, this.depth), ground && sgr(ground, 48, this.depth)];
    return `\x1b[${codes.filter(Boolean).join(';')}m${text}\x1b[0m`;
  }
}

/** @param base 38 for the text, 48 for the ground, as in "Select Graphic Rendition". */
function sgr([red, green, blue]: Colour, base: 38 | 48, depth: number): string {
  if (depth >= 24) return `${base};2;${red};${green};${blue}`;
  if (depth >= 8) {
    const [r, g, b] = [red, green, blue].map((value) => Math.round((value / 255) * 5));
    return `${base};5;${16 + 36 * r! + 6 * g! + b!}`;
  }
  const bits = [red, green, blue].reduce((sum, value, i) => sum + (value > 127 ? 1 << i : 0), 0);
  return String(base - 8 + bits);
}
