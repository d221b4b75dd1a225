import type { ModelCard, ModuleInput } from '../contract.js';
import { FileButton } from '../ui/file-button.js';
import type { Input, InputOf } from './input.js';

interface Properties {
  readonly card: ModelCard;
  readonly input: InputOf<'json'>;
  readonly onChange: (input: Input) => void;
}

/** A tensor, tensors by their names, numbers of an array, or any JSON. */
export function JsonForm({ card: { description }, input, onChange }: Properties) {
  const inputs = description.kind === 'module' ? description.inputs : [];
  const isArray = description.kind === 'array';
  const take = (file: File | undefined) => {
    if (!file) return;
    if (/\.npy$/i.test(file.name)) onChange({ type: 'file', file });
    else void file.text().then((text) => onChange({ type: 'json', text }));
  };
  return (
    <>
      <label class="field">
        <span>
          {isArray ? 'Array as JSON or CSV' : inputs.length === 1 ? 'Tensor as JSON' : 'JSON'}
        </span>
        <textarea
          class="mono"
          rows={10}
          spellcheck={false}
          value={input.text}
          onInput={(event) => onChange({ type: 'json', text: event.currentTarget.value })}
          onDragOver={isArray ? (event) => event.preventDefault() : undefined}
          onDrop={
            isArray
              ? (event) => {
                  const file = event.dataTransfer?.files[0];
                  if (!file) return;
                  event.preventDefault();
                  take(file);
                }
              : undefined
          }
        />
      </label>
      {isArray && (
        <p class="hints">
          <FileButton accept=".npy,.csv,.txt,.json" onFile={take}>
            Choose a file
          </FileButton>{' '}
          {description.shape && <code>[{sizesOf(description.shape)}]</code>} One variable a line;
          null or an empty cell is a missing number.
        </p>
      )}
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
  return `${dtype} [${sizesOf(shape)}]`;
}

function sizesOf(shape: readonly (number | null)[]): string {
  return shape.map((size) => size ?? 'any').join(', ');
}
