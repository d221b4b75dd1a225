import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { MASK_COLOURS } from '../../../palette.js';
import type { Picture, Prediction } from '../contract.js';
import { percent } from '../ui/format.js';
import { Opacity } from './opacity.js';
import { Frame } from './picture-view.js';
import { draw, pixelsOf } from './pixels.js';

interface Properties {
  readonly mask: Picture;
  readonly value: Prediction;
  readonly base: Picture | undefined;
  readonly classes: readonly string[];
}

/**
 * Class indices by colour, because the browser returns colours instead of the PNG's palette
 * indices.
 */
const PLACES = new Map(MASK_COLOURS.map(([red, green, blue], at) => [key(red, green, blue), at]));

/** A mask over the picture, with its classes. */
export function MaskView({ mask, value: { shares = [] }, base, classes }: Properties) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [pixels, setPixels] = useState<ImageData>();
  const [opacity, setOpacity] = useState(0.6);
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set());
  const [under, setUnder] = useState<number>();
  useEffect(() => {
    let gone = false;
    pixelsOf(mask).then(
      (read) => !gone && setPixels(read),
      () => undefined,
    );
    return () => {
      gone = true;
    };
  }, [mask]);
  const places = useMemo(() => pixels && placesOf(pixels), [pixels]);
  useEffect(() => {
    if (!pixels || !places || !canvas.current) return;
    const shown = new ImageData(new Uint8ClampedArray(pixels.data), pixels.width, pixels.height);
    places.forEach((place, at) => {
      if (hidden.has(place)) shown.data[at * 4 + 3] = 0;
    });
    draw(canvas.current, shown);
  }, [pixels, places, hidden]);

  const point = (event: PointerEvent) => {
    if (!places || !canvas.current) return;
    const box = canvas.current.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * mask.width);
    const y = Math.floor(((event.clientY - box.top) / box.height) * mask.height);
    setUnder(places[y * mask.width + x]);
  };
  const toggle = (place: number) => {
    const next = new Set(hidden);
    if (!next.delete(place)) next.add(place);
    setHidden(next);
  };
  const present = shares
    .map((share, place) => ({ share, place }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share);
  return (
    <>
      <Frame width={mask.width} height={mask.height} base={base}>
        <canvas
          ref={canvas}
          class="mask"
          role="img"
          aria-label={`Mask: ${present.map(({ place }) => classes[place] ?? place).join(', ')}`}
          style={{ opacity: base ? opacity : 1 }}
          onPointerMove={point}
          onPointerLeave={() => setUnder(undefined)}
        />
      </Frame>
      <div class="bar">
        <Opacity value={opacity} onChange={setOpacity} />
        <span class="note">{under === undefined ? '' : (classes[under] ?? String(under))}</span>
      </div>
      <ul class="legend">
        {present.map(({ share, place }) => (
          <li key={place}>
            <button type="button" aria-pressed={!hidden.has(place)} onClick={() => toggle(place)}>
              <span class="swatch" style={{ background: cssColour(place) }} />
              <span class="name">{classes[place] ?? String(place)}</span>
              <data value={String(share)}>{percent(share)}</data>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function placesOf({ data }: ImageData): Uint8Array {
  const places = new Uint8Array(data.length / 4);
  for (let at = 0; at < places.length; at++) {
    const [red = 0, green = 0, blue = 0] = data.subarray(at * 4, at * 4 + 3);
    places[at] = PLACES.get(key(red, green, blue)) ?? 0;
  }
  return places;
}

function key(red: number, green: number, blue: number): number {
  return (red << 16) | (green << 8) | blue;
}

function cssColour(place: number): string {
  return `rgb(${(MASK_COLOURS[place] ?? [0, 0, 0]).join(' ')})`;
}
