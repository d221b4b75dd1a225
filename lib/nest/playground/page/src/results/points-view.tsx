import type { Picture, Prediction } from '../contract.js';
import { short } from '../ui/format.js';
import { Frame } from './picture-view.js';

interface Properties {
  readonly points: readonly (readonly [number, number])[];
  readonly value: Prediction;
  readonly base: Picture | undefined;
}

/** Points on the picture that the model saw. */
export function PointsView({ points, value, base }: Properties) {
  const width = value.width ?? base?.width ?? 1;
  const height = value.height ?? base?.height ?? 1;
  const radius = Math.max(width, height) / 60;
  return (
    <>
      <Frame width={width} height={height} base={base}>
        <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`${points.length} points`}>
          {points.map(([x, y], at) => (
            <circle key={at} class="point" cx={x} cy={y} r={radius}>
              <title>{`${at + 1}: ${short(x)}, ${short(y)}`}</title>
            </circle>
          ))}
        </svg>
      </Frame>
      <ol class="points">
        {points.map(([x, y], at) => (
          <li key={at}>
            <data value={`${x},${y}`}>
              {short(x)}, {short(y)}
            </data>
          </li>
        ))}
      </ol>
    </>
  );
}
