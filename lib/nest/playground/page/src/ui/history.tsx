import type { Input } from '../inputs/input.js';
import { summaryOf } from '../results/summary.js';
import type { Run } from '../state/run.js';
import { cut, duration } from './format.js';

interface Properties {
  readonly runs: readonly Run[];
  readonly onSelect: (run: Run) => void;
}

/** The calls of this session, the last one first. */
export function History({ runs, onSelect }: Properties) {
  if (runs.length === 0) return null;
  return (
    <section class="history" aria-labelledby="history-title">
      <h2 id="history-title">History</h2>
      <ol>
        {runs.map((run) => (
          <li key={run.id}>
            <button type="button" onClick={() => onSelect(run)}>
              <span class="when">{run.started.toLocaleTimeString()}</span>
              <span class="who">{run.card.name}</span>
              <span class="gave">{cut(inputSummary(run.input), 80)}</span>
              <span class="got">{cut(summaryOf(run) ?? '…', 60)}</span>
              <span class="took">{run.ms === undefined ? '' : duration(run.ms)}</span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

function inputSummary(input: Input): string {
  switch (input.type) {
    case 'text':
    case 'prompt':
    case 'json':
      return input.text.slice(0, 200);
    case 'file':
      return input.file?.name ?? '';
    case 'row':
      return Object.entries(input.row)
        .slice(0, 6)
        .map(([name, value]) => `${name}: ${value ?? 'missing'}`)
        .join(', ');
    case 'parts':
      return Object.keys(input.values).join(', ');
  }
}
