import { useEffect, useRef, useState } from 'preact/hooks';
import type { Explanation, Picture } from '../contract.js';
import { Opacity } from './opacity.js';
import { Frame } from './picture-view.js';
import { draw, pixelsOf } from './pixels.js';

interface Properties {
  readonly explanation: Explanation;
  readonly base: Picture | undefined;
}

/** From low to high: black, violet, orange, yellow. */
const STOPS = [
  [0, 0, 4],
  [66, 10, 104],
  [147, 38, 103],
  [221, 81, 58],
  [252, 165, 10],
  [252, 255, 164],
] as const;

/** A heat map of the regions that support a class, over the picture that the model saw. */
export function HeatView({
  explanation: { heatmap, class: name = 'the answer' },
  base,
}: Properties) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [opacity, setOpacity] = useState(0.6);
  useEffect(() => {
    let gone = false;
    if (!heatmap) return undefined;
    pixelsOf(heatmap).then(
      (grey) => {
        if (!gone && canvas.current) draw(canvas.current, coloured(grey));
      },
      () => undefined,
    );
    return () => {
      gone = true;
    };
  }, [heatmap]);
  if (!heatmap) return null;
  return (
    <>
      <Frame
        width={base?.width ?? heatmap.width}
        height={base?.height ?? heatmap.height}
        base={base}
      >
        <canvas
          ref={canvas}
          class="heat"
          role="img"
          aria-label={`Where the picture speaks for ${name}`}
          style={{ opacity }}
        />
      </Frame>
      <div class="bar">
        <Opacity value={opacity} onChange={setOpacity} />
      </div>
      <p class="note">
        Bright areas speak for <b>{name}</b> (Grad-CAM, {heatmap.width} × {heatmap.height}).
      </p>
    </>
  );
}

function coloured({ data, width, height }: ImageData): ImageData {
  const shown = new ImageData(width, height);
  for (let at = 0; at < data.length; at += 4) {
    const heat = (data[at] ?? 0) / 255;
    const place = heat * (STOPS.length - 1);
    const from = STOPS[Math.floor(place)] ?? STOPS[0];
    const to = STOPS[Math.ceil(place)] ?? from;
    for (let channel = 0; channel < 3; channel++) {
      const [low, high] = [from[channel] ?? 0, to[channel] ?? 0];
      shown.data[at + channel] = low + (high - low) * (place % 1);
    }
    shown.data[at + 3] = 255;
  }
  return shown;
}
