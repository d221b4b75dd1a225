import type { Sample } from '../contract.js';
import { urlOf } from '../calls/call.js';

interface Properties {
  readonly samples: readonly Sample[];
  readonly onChoose: (url: string, name: string) => void;
}

/** Pictures to try the model with. */
export function Samples({ samples, onChoose }: Properties) {
  return (
    <div class="samples" role="group" aria-label="Samples">
      {samples.map(({ name, url }) => (
        <button key={url} type="button" title={name} onClick={() => onChoose(url, name)}>
          <img src={urlOf(url).href} alt={name} loading="lazy" decoding="async" />
        </button>
      ))}
    </div>
  );
}
