import type { ExplainedPart, Explanation, LearnerDescription } from '../contract.js';

interface Properties {
  readonly explanation: Explanation;
  readonly parts: readonly ExplainedPart[];
  readonly description: LearnerDescription;
}

/** The effect of each word or column on the probability of a class. */
export function PartWeights({ explanation, parts, description: { kind, task } }: Properties) {
  const most = Math.max(...parts.map(({ weight }) => Math.abs(weight)), Number.MIN_VALUE);
  return (
    <>
      {kind === 'text' ? (
        <Words parts={parts} most={most} />
      ) : (
        <Columns parts={parts} most={most} />
      )}
      <p class="note">
        How much {task === 'regress' ? 'the number ' : 'the probability of '}
        <b>{explanation.class ?? ''}</b> falls without it: <i class="for">for</i> or{' '}
        <i class="against">against</i>.
      </p>
    </>
  );
}

interface PartsProperties {
  readonly parts: readonly ExplainedPart[];
  readonly most: number;
}

function Words({ parts, most }: PartsProperties) {
  return (
    <p class="tokens weighed">
      {parts.map(({ name, weight }, at) => (
        <span
          key={at}
          class={weight < 0 ? 'token against' : 'token for'}
          style={{ '--strength': `${Math.round((Math.abs(weight) / most) * 55)}%` }}
          title={signed(weight)}
          data-weight={weight}
        >
          {name}
          <span class="visually-hidden"> {signed(weight)}</span>
        </span>
      ))}
    </p>
  );
}

function Columns({ parts, most }: PartsProperties) {
  const order = [...parts].sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
  return (
    <ul class="bars weighed">
      {order.map(({ name, weight }) => (
        <li key={name}>
          <span class="name">{name}</span>
          <data value={String(weight)}>{signed(weight)}</data>
          <span class="track middle" aria-hidden="true">
            <span
              class={weight < 0 ? 'fill against' : 'fill for'}
              style={{ width: `${(Math.abs(weight) / most) * 50}%` }}
            />
          </span>
        </li>
      ))}
    </ul>
  );
}

function signed(weight: number): string {
  const text =
    Math.abs(weight) < 0.0005 && weight !== 0 ? weight.toExponential(1) : weight.toFixed(3);
  return weight > 0 ? `+${text}` : text.replace('-', '−');
}
