import type { ModelCard } from '../contract.js';
import type { InputOf } from './input.js';
import { TextSamples } from './text-samples.js';

interface Properties {
  readonly card: ModelCard;
  readonly input: InputOf<'text'>;
  readonly onChange: (input: InputOf<'text'>) => void;
}

export function TextForm({ card, input, onChange }: Properties) {
  return (
    <>
      <label class="field">
        <span>Text</span>
        <textarea
          rows={6}
          placeholder="Type or paste a text"
          value={input.text}
          onInput={(event) => onChange({ type: 'text', text: event.currentTarget.value })}
        />
      </label>
      <TextSamples card={card} onChoose={(text) => onChange({ type: 'text', text })} />
    </>
  );
}
