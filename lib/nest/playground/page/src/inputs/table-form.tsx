import { useEffect, useRef, useState } from 'preact/hooks';
import type { ModelCard } from '../contract.js';
import { FileButton } from '../ui/file-button.js';
import { duration } from '../ui/format.js';
import { Icon } from '../ui/icon.js';
import { scoreTable, type Progress } from './score-table.js';
import { TableView } from './table-view.js';

/** A table as CSV: pasted, dropped or chosen, scored in parts, shown and downloaded. */
export function TableForm({ card }: { readonly card: ModelCard }) {
  const [csv, setCsv] = useState('');
  const [name, setName] = useState('table.csv');
  const [progress, setProgress] = useState<Progress>();
  const [error, setError] = useState<string>();
  const [over, setOver] = useState(false);
  const stop = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => stop.current?.abort(), []);

  const score = async (text: string) => {
    stop.current?.abort();
    const controller = new AbortController();
    stop.current = controller;
    setError(undefined);
    setProgress(undefined);
    try {
      await scoreTable(card, text, setProgress, controller.signal);
    } catch (reason) {
      if (!controller.signal.aborted) setError((reason as Error).message);
    }
  };
  const take = (file: File | undefined) => {
    if (!file) return;
    if (file.size > LARGEST) {
      setError('The file is larger than 50 MB: score it with "vts predict --csv".');
      return;
    }
    setName(file.name);
    file.text().then(
      (text) => {
        // A textarea with megabytes is slow, but the file can still be scored.
        setCsv(text.length <= LONGEST_SHOWN ? text : '');
        void score(text);
      },
      () => setError('The file cannot be read.'),
    );
  };
  const busy = progress !== undefined && !progress.finished && error === undefined;
  return (
    <div
      class={over ? 'drop over' : 'drop'}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer?.files[0]);
      }}
    >
      <label class="field">
        <span>CSV, with the column names in its first line</span>
        <textarea
          class="mono"
          rows={6}
          spellcheck={false}
          placeholder="Paste rows, or drop a file here"
          value={csv}
          onInput={(event) => setCsv(event.currentTarget.value)}
        />
      </label>
      <p class="actions">
        <button
          type="button"
          class="primary"
          disabled={csv.trim() === '' || busy}
          onClick={() => void score(csv)}
        >
          Score the table
        </button>
        <FileButton accept=".csv,text/csv" onFile={take}>
          <span>Choose a file</span>
        </FileButton>
        {busy && (
          <button type="button" onClick={() => stop.current?.abort()}>
            Stop
          </button>
        )}
      </p>
      {error !== undefined && (
        <p class="lack" role="alert">
          {error}
        </p>
      )}
      {progress && (
        <>
          <progress value={progress.done} max={progress.rows} aria-label="Rows scored" />
          <p class="bar">
            <span role="status">
              {progress.done} of {progress.rows} rows, {duration(progress.ms)}
            </span>
            {progress.finished && <Download name={name} csv={progress.csv} />}
          </p>
          <TableView header={progress.header} rows={progress.preview} />
        </>
      )}
    </div>
  );
}

const LARGEST = 50_000_000;
const LONGEST_SHOWN = 200_000;

function Download({ name, csv }: { readonly name: string; readonly csv: readonly string[] }) {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([...csv], { type: 'text/csv' }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [csv]);
  return (
    <a class="button" href={url} download={name.replace(/(\.csv)?$/i, '-scored.csv')}>
      <Icon name="download" />
      <span>Download</span>
    </a>
  );
}
