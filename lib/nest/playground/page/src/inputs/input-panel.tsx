import { useState } from 'preact/hooks';
import type { ModelCard } from '../contract.js';
import { CopyButton } from '../ui/copy-button.js';
import { FileForm } from './file-form.js';
import { lackOf, type Input } from './input.js';
import { JsonForm } from './json-form.js';
import { PartsForm } from './parts-form.js';
import { PictureForm } from './picture-form.js';
import { PromptForm } from './prompt-form.js';
import { RowForm } from './row-form.js';
import { TableForm } from './table-form.js';
import { TextForm } from './text-form.js';

interface Properties {
  readonly card: ModelCard;
  readonly input: Input;
  readonly busy: boolean;
  /** Whether many rows are scored instead of one. */
  readonly table: boolean;
  /** The part after `#` of a link to this input; undefined if no link can contain it. */
  readonly hash: string | undefined;
  readonly onChange: (input: Input) => void;
  readonly onRun: (input: Input) => void;
  readonly onStop: () => void;
  readonly onTable: (table: boolean) => void;
}

/** The form of a model, and the buttons below it. */
export function InputPanel(properties: Properties) {
  const { card, input, busy, table, hash, onChange, onRun, onStop, onTable } = properties;
  const [lack, setLack] = useState<string>();
  const run = (given: Input = input) => {
    const missing = lackOf(given, card.description);
    setLack(missing);
    if (missing === undefined) onRun(given);
  };
  const change = (next: Input) => {
    setLack(undefined);
    onChange(next);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    run();
  };
  // Enter belongs to the text of a textarea.
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    run();
  };
  return (
    <section class="panel" aria-labelledby="input-title">
      <div class="bar">
        <h2 id="input-title">Input</h2>
        {input.type === 'row' && (
          <div class="tabs" role="group" aria-label="Rows">
            <button type="button" aria-pressed={!table} onClick={() => onTable(false)}>
              One row
            </button>
            <button type="button" aria-pressed={table} onClick={() => onTable(true)}>
              Many rows
            </button>
          </div>
        )}
      </div>
      {table ? (
        <TableForm card={card} />
      ) : (
        <form onSubmit={submit} onKeyDown={onKeyDown}>
          <Form card={card} input={input} onChange={change} onRun={run} />
          {lack !== undefined && (
            <p class="lack" role="alert">
              {lack}
            </p>
          )}
          <p class="actions">
            {/* Two elements: one that became a submit button within the click would submit. */}
            {busy ? (
              <button key="stop" type="button" class="primary" onClick={onStop}>
                Stop
              </button>
            ) : (
              <button key="run" type="submit" class="primary">
                {input.type === 'prompt' ? 'Continue' : 'Predict'}
              </button>
            )}
            <CopyButton
              label="Copy link"
              icon="link"
              disabled={hash === undefined}
              title={
                hash === undefined ? 'A link cannot hold this input' : 'A link with this input'
              }
              text={() => new URL(hash ?? '', location.href).href}
            />
          </p>
        </form>
      )}
    </section>
  );
}

interface FormProperties {
  readonly card: ModelCard;
  readonly input: Input;
  readonly onChange: (input: Input) => void;
  readonly onRun: (input: Input) => void;
}

function Form({ card, input, onChange, onRun }: FormProperties) {
  switch (input.type) {
    case 'text':
      return <TextForm card={card} input={input} onChange={onChange} />;
    case 'prompt':
      return <PromptForm card={card} input={input} onChange={onChange} />;
    case 'row':
      return <RowForm card={card} input={input} onChange={onChange} />;
    case 'json':
      return <JsonForm card={card} input={input} onChange={onChange} />;
    case 'parts':
      return <PartsForm card={card} input={input} onChange={onChange} />;
    case 'file':
      return takesPictures(card) ? (
        <PictureForm card={card} input={input} onChange={onChange} onRun={onRun} />
      ) : (
        <FileForm card={card} input={input} onChange={onChange} />
      );
  }
}

function takesPictures({ description }: ModelCard): boolean {
  if (description.kind === 'array') return false;
  return description.kind !== 'endpoint' || description.input.type === 'image';
}
