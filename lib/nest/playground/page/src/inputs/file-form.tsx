import type { ModelCard } from '../contract.js';
import { bytes } from '../ui/format.js';
import { firstInput, type FileInput, type Input } from './input.js';

interface Properties {
  readonly card: ModelCard;
  readonly input: FileInput;
  readonly onChange: (input: Input) => void;
}

export function FileForm({ card, input, onChange }: Properties) {
  const { description } = card;
  const types = description.kind === 'endpoint' ? description.input.contentTypes : [];
  const isArray = description.kind === 'array';
  const field = (
    <label class="field">
      <span>File</span>
      <input
        type="file"
        accept={
          isArray
            ? '.npy,.csv,.txt'
            : types.filter((type) => /^[\w*+.-]+\/[\w*+.-]+$/.test(type)).join(',')
        }
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          onChange(file ? { type: 'file', file } : { type: 'file' });
        }}
      />
      {input.file && (
        <small>
          {input.file.name}, {bytes(input.file.size)}
        </small>
      )}
    </label>
  );
  if (!isArray) return field;
  return (
    <>
      {field}
      <button type="button" onClick={() => onChange(firstInput(card))}>
        Write numbers
      </button>
    </>
  );
}
