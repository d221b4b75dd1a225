import { useMemo, useState } from 'preact/hooks';
import { percent } from '../ui/format.js';

interface Properties {
  readonly names: readonly string[];
  /** Probabilities in the order of the names. */
  readonly values: readonly number[];
  readonly chosen: readonly string[];
  /** For several labels: a label counts as predicted above this. */
  readonly threshold: number | undefined;
}

const FEW = 10;

/** Classes by their probability. */
export function Bars({ names, values, chosen, threshold }: Properties) {
  const [all, setAll] = useState(false);
  const order = useMemo(
    () => values.map((_, at) => at).sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0)),
    [values],
  );
  const shown = all ? order : order.slice(0, FEW);
  return (
    <>
      <ul class="bars">
        {shown.map((at) => (
          <Bar
            key={at}
            name={names[at] ?? String(at)}
            value={values[at] ?? 0}
            chosen={chosen.includes(names[at] ?? '')}
            threshold={threshold}
          />
        ))}
      </ul>
      {threshold !== undefined && (
        <p class="note">
          Labels above the threshold of {threshold} are given: the line in each bar.
        </p>
      )}
      {order.length > FEW && (
        <button type="button" class="quiet" onClick={() => setAll(!all)}>
          {all ? `The first ${FEW}` : `All ${order.length} classes`}
        </button>
      )}
    </>
  );
}

interface BarProperties {
  readonly name: string;
  readonly value: number;
  readonly chosen: boolean;
  readonly threshold: number | undefined;
}

function Bar({ name, value, chosen, threshold }: BarProperties) {
  const share = Math.max(0, Math.min(1, value));
  return (
    <li class={chosen ? 'chosen' : undefined}>
      <span class="name" title={name}>
        {name}
        {chosen && <span class="visually-hidden"> (predicted)</span>}
      </span>
      <data value={String(value)}>{percent(value)}</data>
      <span class="track" aria-hidden="true">
        <span class="fill" style={{ width: `${share * 100}%` }} />
        {threshold !== undefined && <span class="mark" style={{ left: `${threshold * 100}%` }} />}
      </span>
    </li>
  );
}
