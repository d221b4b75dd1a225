import type { ModelCard, ModuleInput } from '../contract.js';
import type { InputOf } from './input.js';

interface Properties {
  readonly card: ModelCard;
  readonly input: InputOf<'json'>;
  readonly onChange: (input: InputOf<'json'>) => void;
}

/** A tensor, tensors by their names, or any JSON. */
export function JsonForm({ card: { description }, input, onChange }: Properties) {
  const inputs = description.kind === 'module' ? description.inputs : [];
  return (
    <>
      <label class="field">
        <span>{inputs.length === 1 ? 'Tensor as JSON' : 'JSON'}</span>
        <textarea
          class="mono"
          rows={10}
          spellcheck={false}
          value={input.text}
          onInput={(event) => onChange({ type: 'json', text: event.currentTarget.value })}
        />
      </label>
      {inputs.length > 0 && (
        <ul class="hints">
          {inputs.map((tensor) => (
            <li key={tensor.name}>
              <code>{tensor.name}</code> {shapeOf(tensor)}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function shapeOf({ dtype, shape }: ModuleInput): string {
  return `${dtype} [${shape.map((size) => size ?? 'any').join(', ')}]`;
}
