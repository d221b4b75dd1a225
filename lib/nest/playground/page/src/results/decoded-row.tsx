import type { Shown } from '../contract.js';
import { short } from '../ui/format.js';

interface Properties {
  readonly row: Readonly<Record<string, unknown>>;
  readonly shown: Shown['columns'] | undefined;
}

/** The row as fastai shows it, with the learner's target. */
export function DecodedRow({ row, shown }: Properties) {
  const unknown = new Set(shown?.filter(({ known }) => !known).map(({ name }) => name));
  return (
    <details open>
      <summary>The row as the model saw it</summary>
      <dl class="row">
        {Object.entries(row).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {typeof value === 'number' ? short(value) : textOf(value)}
              {unknown.has(name) && <small> unknown or missing</small>}
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
