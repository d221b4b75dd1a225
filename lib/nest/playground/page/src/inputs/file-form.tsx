import type { ModelCard } from '../contract.js';
import { bytes } from '../ui/format.js';
import type { FileInput } from './input.js';

interface Properties {
  readonly card: ModelCard;
  readonly input: FileInput;
  readonly onChange: (input: FileInput) => void;
}

export function FileForm({ card: { description }, input, onChange }: Properties) {
  const types = description.kind === 'endpoint' ? description.input.contentTypes : [];
  return (
    <label class="field">
      <span>File</span>
      <input
        type="file"
        accept={types.filter((type) => /^[\w*+.-]+\/[\w*+.-]+$/.test(type)).join(',')}
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
}
