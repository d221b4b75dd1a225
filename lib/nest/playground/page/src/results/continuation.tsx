import type { AnswerValue, Run } from '../state/run.js';

interface Properties {
  readonly given: string;
  readonly answer: Extract<AnswerValue, { readonly type: 'text' }>;
  readonly run: Run;
}

/** A continued text: the given part, and the new words. */
export function Continuation({ given, answer: { text, pieces }, run }: Properties) {
  const { ms, state } = run;
  const rate = ms === undefined || pieces < 2 ? undefined : (pieces / ms) * 1000;
  return (
    <>
      <p class="continuation">
        {given !== '' && <span class="given">{/\s$/.test(given) ? given : `${given} `}</span>}
        <span class="new">{text}</span>
        {state === 'streaming' && <span class="caret" aria-hidden="true" />}
      </p>
      {rate !== undefined && (
        <p class="note">
          {pieces} words, {rate.toFixed(0)} a second
        </p>
      )}
    </>
  );
}
