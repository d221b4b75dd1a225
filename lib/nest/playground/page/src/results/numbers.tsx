import type { LearnerDescription } from '../contract.js';
import { short } from '../ui/format.js';

interface Properties {
  readonly prediction: unknown;
  readonly description: LearnerDescription;
}

/** A regression: its number or numbers, and their position in the learner's range. */
export function Numbers({ prediction, description: { range, targets, columns } }: Properties) {
  const values = (
    Array.isArray(prediction) ? prediction.flat(Infinity) : [prediction]
  ) as unknown[];
  const names = targets ?? columns?.targets ?? [];
  return (
    <ul class="numbers">
      {values.map((value, at) => (
        <li key={at}>
          {names[at] !== undefined && <span class="name">{names[at]}</span>}
          <data class="headline" value={String(value)}>
            {typeof value === 'number' ? short(value) : String(value)}
          </data>
          {range && typeof value === 'number' && <Range range={range} value={value} />}
        </li>
      ))}
    </ul>
  );
}

interface RangeProperties {
  readonly range: readonly [number, number];
  readonly value: number;
}

function Range({ range: [low, high], value }: RangeProperties) {
  const share = high > low ? Math.max(0, Math.min(1, (value - low) / (high - low))) : 0;
  return (
    <span class="range">
      <small>{short(low)}</small>
      <span class="track" aria-hidden="true">
        <span class="fill" style={{ width: `${share * 100}%` }} />
        <span class="knob" style={{ left: `${share * 100}%` }} />
      </span>
      <small>{short(high)}</small>
    </span>
  );
}
