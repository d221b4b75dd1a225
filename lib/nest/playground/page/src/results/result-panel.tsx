import type { Run } from '../state/run.js';
import { duration } from '../ui/format.js';
import { Result } from './result.js';
import { summaryOf } from './summary.js';

interface Properties {
  readonly run: Run | undefined;
  readonly onShow: () => void;
  readonly onExplain: (target?: number) => void;
}

/** The answer of the last call, or its progress. */
export function ResultPanel({ run, onShow, onExplain }: Properties) {
  const busy = run !== undefined && ['sending', 'waiting', 'streaming'].includes(run.state);
  return (
    <section class="panel result" aria-labelledby="result-title" aria-busy={busy}>
      <div class="bar">
        <h2 id="result-title">Answer</h2>
        {run?.ms !== undefined && <small class="latency">{duration(run.ms)}</small>}
      </div>
      <p class="visually-hidden" role="status">
        {run && (summaryOf(run) ?? 'Waiting for the answer')}
      </p>
      {!run && <p class="empty">The answer appears here.</p>}
      {run && <Progress run={run} />}
      {run?.state === 'failed' && (
        <p class="lack" role="alert">
          {run.error}
        </p>
      )}
      {run?.state === 'stopped' && <p class="empty">Stopped.</p>}
      {run?.answer && (
        <Result key={run.id} run={run} answer={run.answer} onShow={onShow} onExplain={onExplain} />
      )}
    </section>
  );
}

function Progress({ run: { state, sent, input } }: { readonly run: Run }) {
  if (state === 'waiting') return <progress aria-label="Waiting for the answer" />;
  if (state !== 'sending') return null;
  return input.type === 'file' || input.type === 'parts' ? (
    <progress value={sent} max={1} aria-label="Sending" />
  ) : (
    <progress aria-label="Sending" />
  );
}
