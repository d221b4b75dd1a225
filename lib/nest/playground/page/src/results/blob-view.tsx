import { useEffect, useState } from 'preact/hooks';
import type { AnswerValue } from '../state/run.js';
import { bytes } from '../ui/format.js';
import { Icon } from '../ui/icon.js';

interface Properties {
  readonly answer: Extract<AnswerValue, { readonly type: 'blob' }>;
}

/** A picture is shown, anything else is a file. */
export function BlobView({ answer: { blob, contentType } }: Properties) {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return (
    <>
      {contentType.startsWith('image/') && url !== undefined && (
        <img class="answer-picture" src={url} alt="The answer" />
      )}
      <p>
        <a class="button" href={url} download="answer">
          <Icon name="download" />
          <span>
            Download {contentType.split(';')[0]}, {bytes(blob.size)}
          </span>
        </a>
      </p>
    </>
  );
}
