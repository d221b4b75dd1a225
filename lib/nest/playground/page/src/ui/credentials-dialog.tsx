import { useEffect, useRef, useState } from 'preact/hooks';
import { readCredentials, type Credentials } from '../state/credentials.js';

interface Properties {
  readonly onEnter: (credentials: Credentials | undefined) => void;
  readonly onClose: () => void;
}

export function CredentialsDialog({ onEnter, onClose }: Properties) {
  const dialog = useRef<HTMLDialogElement>(null);
  const kept = readCredentials();
  const [header, setHeader] = useState<Credentials['header']>(kept?.header ?? 'x-api-key');
  const [value, setValue] = useState(kept?.value ?? '');
  useEffect(() => dialog.current?.showModal(), []);
  const enter = (event: Event) => {
    event.preventDefault();
    onEnter(value === '' ? undefined : { header, value });
  };
  return (
    <dialog ref={dialog} aria-labelledby="credentials-title" onClose={onClose}>
      <form onSubmit={enter}>
        <h2 id="credentials-title">API key</h2>
        <p>The page sends it as a header with each call, and keeps it until this tab is closed.</p>
        <label class="field">
          <span>Header</span>
          <select
            value={header}
            onChange={(event) => setHeader(event.currentTarget.value as Credentials['header'])}
          >
            <option value="x-api-key">x-api-key</option>
            <option value="authorization">Authorization</option>
          </select>
        </label>
        <label class="field">
          <span>Value</span>
          <input
            type="password"
            autocomplete="off"
            placeholder={header === 'authorization' ? 'Bearer …' : ''}
            value={value}
            onInput={(event) => setValue(event.currentTarget.value)}
          />
        </label>
        <p class="actions">
          <button type="submit" class="primary">
            Use
          </button>
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          {kept && (
            <button type="button" onClick={() => onEnter(undefined)}>
              Forget it
            </button>
          )}
        </p>
      </form>
    </dialog>
  );
}
