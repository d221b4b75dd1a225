import type { ComponentChildren } from 'preact';
import type { ModelCard } from '../contract.js';
import type { Prompt } from './input.js';
import { TextSamples } from './text-samples.js';

interface Properties {
  readonly card: ModelCard;
  readonly input: Prompt;
  readonly onChange: (input: Prompt) => void;
}

/** A text to continue, and how words are drawn. */
export function PromptForm({ card, input, onChange }: Properties) {
  const put = (changes: Partial<Prompt>) => onChange({ ...input, ...changes });
  return (
    <>
      <label class="field">
        <span>Prompt</span>
        <textarea
          rows={5}
          placeholder="The model continues from here"
          value={input.text}
          onInput={(event) => put({ text: event.currentTarget.value })}
        />
      </label>
      <TextSamples card={card} onChoose={(text) => put({ text })} />
      <div class="grid">
        <Field name="Words">
          <input
            type="number"
            min="1"
            step="1"
            value={input.nWords}
            onInput={(event) => put({ nWords: event.currentTarget.valueAsNumber })}
          />
        </Field>
        <Field name="Temperature">
          <input
            type="number"
            min="0"
            step="any"
            value={input.temperature}
            onInput={(event) => put({ temperature: event.currentTarget.valueAsNumber })}
          />
        </Field>
        <Field name="Least probability">
          <input
            inputMode="decimal"
            placeholder="none"
            value={input.minP}
            onInput={(event) => put({ minP: event.currentTarget.value.trim() })}
          />
        </Field>
        <Field name="Seed">
          <input
            inputMode="numeric"
            placeholder="random"
            value={input.seed}
            onInput={(event) => put({ seed: event.currentTarget.value.trim() })}
          />
        </Field>
        <Field name="Stop at">
          <input
            placeholder="nothing"
            value={input.stop}
            onInput={(event) => put({ stop: event.currentTarget.value })}
          />
        </Field>
      </div>
    </>
  );
}

function Field({
  name,
  children,
}: {
  readonly name: string;
  readonly children: ComponentChildren;
}) {
  return (
    <label class="field">
      <span>{name}</span>
      {children}
    </label>
  );
}
