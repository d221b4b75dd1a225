import { useEffect, useState } from 'preact/hooks';
import type { ModelCard } from '../contract.js';
import { FileButton } from '../ui/file-button.js';
import { bytes } from '../ui/format.js';
import { Icon } from '../ui/icon.js';
import { Camera } from './camera.js';
import { fetchPicture } from './fetch-file.js';
import type { FileInput } from './input.js';
import { PicturePreview } from './picture-preview.js';
import { Samples } from './samples.js';

interface Properties {
  readonly card: ModelCard;
  readonly input: FileInput;
  readonly onChange: (input: FileInput) => void;
  readonly onRun: (input: FileInput) => void;
}

/** A picture that is dropped, pasted, chosen, taken, fetched from this site, or a sample. */
export function PictureForm({ card, input, onChange, onRun }: Properties) {
  const [over, setOver] = useState(false);
  const [camera, setCamera] = useState(false);
  const [error, setError] = useState<string>();

  // A new picture is sent at once, so the answer comes without another click.
  const take = (file: File | undefined, url?: string) => {
    if (!file) return;
    setError(undefined);
    const next: FileInput =
      url === undefined ? { type: 'file', file } : { type: 'file', file, url };
    onChange(next);
    onRun(next);
  };
  const fetchUrl = (url: string, name?: string) => {
    fetchPicture(url, name).then(
      (file) => take(file, url),
      (reason: Error) => setError(reason.message),
    );
  };
  // A link names a picture by its URL. The page shows it, and sends it only on request.
  useEffect(() => {
    const { url } = input;
    if (input.file || url === undefined) return;
    fetchPicture(url).then(
      (file) => onChange({ type: 'file', file, url }),
      (reason: Error) => setError(reason.message),
    );
  }, [input]);
  useEffect(() => {
    const onPaste = (event: ClipboardEvent) => take(pictureOf(event.clipboardData));
    document.addEventListener('paste', onPaste);
    return () => document.removeEventListener('paste', onPaste);
  });

  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer?.files[0];
    if (file) take(file);
    else setError('Drop a file: a picture of another page is only a link.');
  };
  return (
    <>
      <div
        class={over ? 'drop over' : 'drop'}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        {input.file && !camera && <PicturePreview file={input.file} />}
        {camera && (
          <Camera
            onTake={(file) => {
              setCamera(false);
              take(file);
            }}
            onClose={() => setCamera(false)}
          />
        )}
        {!input.file && !camera && (
          <p class="invite">
            <Icon name="image" />
            <span>Drop a picture here, or paste one</span>
          </p>
        )}
        <p class="ways">
          <FileButton accept="image/*" onFile={take}>
            <Icon name="image" />
            <span>Choose a picture</span>
          </FileButton>
          {'mediaDevices' in navigator && !camera && (
            <button type="button" onClick={() => setCamera(true)}>
              <Icon name="camera" />
              <span>Camera</span>
            </button>
          )}
        </p>
        {input.file && (
          <p class="file-name">
            {input.file.name}, {bytes(input.file.size)}
          </p>
        )}
      </div>
      {error !== undefined && (
        <p class="lack" role="alert">
          {error}
        </p>
      )}
      {card.samples && card.samples.length > 0 && (
        <Samples samples={card.samples} onChoose={fetchUrl} />
      )}
      <UrlField onFetch={fetchUrl} />
    </>
  );
}

function UrlField({ onFetch }: { readonly onFetch: (url: string) => void }) {
  const [url, setUrl] = useState('');
  return (
    <div class="joined">
      <input
        type="text"
        inputMode="url"
        aria-label="URL of a picture on this site"
        placeholder="or the URL of a picture on this site"
        value={url}
        onInput={(event) => setUrl(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          event.preventDefault();
          onFetch(url);
        }}
      />
      <button type="button" disabled={url === ''} onClick={() => onFetch(url)}>
        Fetch
      </button>
    </div>
  );
}

function pictureOf(data: DataTransfer | null): File | undefined {
  return Array.from(data?.files ?? []).find(({ type }) => type.startsWith('image/'));
}
