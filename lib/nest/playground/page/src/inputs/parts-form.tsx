import type { ModelCard } from '../contract.js';
import { fileParts, type InputOf } from './input.js';

interface Properties {
  readonly card: ModelCard;
  readonly input: InputOf<'parts'>;
  readonly onChange: (input: InputOf<'parts'>) => void;
}

/** The parts of a multipart body: files, and texts or JSON. */
export function PartsForm({ card: { description }, input, onChange }: Properties) {
  const files = fileParts(description);
  const put = (name: string, value: string | File) =>
    onChange({ type: 'parts', values: { ...input.values, [name]: value } });
  return (
    <>
      {Object.entries(input.values).map(([name, value]) => (
        <label class="field" key={name}>
          <span>{name}</span>
          {files.includes(name) ? (
            <input
              type="file"
              onChange={(event) => put(name, event.currentTarget.files?.[0] ?? '')}
            />
          ) : (
            <textarea
              rows={2}
              value={typeof value === 'string' ? value : ''}
              onInput={(event) => put(name, event.currentTarget.value)}
            />
          )}
        </label>
      ))}
    </>
  );
}
