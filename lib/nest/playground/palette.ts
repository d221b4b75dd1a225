type Colour = readonly [red: number, green: number, blue: number];

/** Degrees between the hues of consecutive classes, so that hues stay far apart for long. */
const GOLDEN_ANGLE = 137.507_764;

/**
 * The colours of a mask's classes, by class index: the first, mostly the background, is a dark grey,
 * and the others are well apart. Masks are written with them and the page's legend shows them, so
 * this file needs nothing of Node or of a browser.
 */
export const MASK_COLOURS: readonly Colour[] = Array.from({ length: 256 }, (_, index) =>
  index === 0 ? ([48, 48, 48] as const) : colourOf(index - 1),
);

function colourOf(index: number): Colour {
  const hue = (index * GOLDEN_ANGLE) % 360;
  // Hues repeat after some dozens, with another lightness.
  const lightness = [0.55, 0.7, 0.42][Math.floor(index / 12) % 3]!;
  return fromHsl(hue, 0.68, lightness);
}

function fromHsl(hue: number, saturation: number, lightness: number): Colour {
  const range = saturation * Math.min(lightness, 1 - lightness);
  const channel = (offset: number): number => {
    const k = (offset + hue / 30) % 12;
    return Math.round(255 * (lightness - range * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}
