import { useState } from 'preact/hooks';
import type { ModelCard } from '../contract.js';
import { fetchSampleText } from './fetch-file.js';

interface Properties {
  readonly card: ModelCard;
  readonly onChoose: (text: string) => void;
}

/** Texts to try the model with. */
export function TextSamples({ card: { samples = [] }, onChoose }: Properties) {
  const [error, setError] = useState<string>();
  if (samples.length === 0) return null;
  const choose = (url: string) => {
    setError(undefined);
    fetchSampleText(url).then(onChoose, (reason: Error) => setError(reason.message));
  };
  return (
    <div class="samples texts" role="group" aria-label="Samples">
      {samples.map(({ name, url }) => (
        <button key={url} type="button" onClick={() => choose(url)}>
          {name}
        </button>
      ))}
      {error !== undefined && (
        <p class="lack" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
