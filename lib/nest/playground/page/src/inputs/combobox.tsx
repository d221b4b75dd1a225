import { useId, useMemo, useRef, useState } from 'preact/hooks';
import type { Scalar } from '../contract.js';

type Option = Exclude<Scalar, null>;

interface Properties {
  readonly label: string;
  readonly options: readonly Option[];
  readonly value: Scalar;
  readonly onChange: (value: Scalar) => void;
}

/** How many options are shown at once; typing finds the others. */
const MOST_SHOWN = 50;

/** A field that searches a long list: the ARIA pattern of a combobox with a list. */
export function Combobox({ label, options, value, onChange }: Properties) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [query, setQuery] = useState<string>();
  const [active, setActive] = useState(0);
  const open = query !== undefined;
  const found = useMemo(() => (open ? search(options, query) : []), [options, query]);

  const close = () => setQuery(undefined);
  const choose = (option: Option | undefined) => {
    if (option !== undefined) onChange(option);
    close();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const { key } = event;
    if (key === 'Escape') close();
    else if (key === 'Enter' && open) {
      event.preventDefault();
      choose(found[active]);
    } else if (key === 'ArrowDown' || key === 'ArrowUp') {
      event.preventDefault();
      if (!open) setQuery('');
      else {
        const step = key === 'ArrowDown' ? 1 : -1;
        const last = Math.min(found.length, MOST_SHOWN) - 1;
        setActive(Math.max(0, Math.min(last, active + step)));
      }
    }
  };
  return (
    <div class="field combobox">
      <label for={id}>{label}</label>
      <input
        ref={input}
        id={id}
        role="combobox"
        autocomplete="off"
        spellcheck={false}
        aria-autocomplete="list"
        aria-expanded={open}
        aria-controls={`${id}-list`}
        aria-activedescendant={open && found.length > 0 ? `${id}-${active}` : undefined}
        placeholder="missing"
        value={query ?? (value === null ? '' : String(value))}
        onFocus={(event) => event.currentTarget.select()}
        onClick={() => !open && setQuery('')}
        onInput={(event) => {
          setQuery(event.currentTarget.value);
          setActive(0);
          if (event.currentTarget.value === '') onChange(null);
        }}
        onKeyDown={onKeyDown}
        onBlur={close}
      />
      <ul id={`${id}-list`} role="listbox" aria-label={label} hidden={!open}>
        {found.slice(0, MOST_SHOWN).map((option, at) => (
          <li
            key={at}
            id={`${id}-${at}`}
            role="option"
            aria-selected={at === active}
            // Before the field loses the focus, which closes the list.
            onMouseDown={(event) => {
              event.preventDefault();
              choose(option);
            }}
          >
            {String(option)}
          </li>
        ))}
      </ul>
      {open && found.length > MOST_SHOWN && (
        <p class="more">{found.length - MOST_SHOWN} more: type to find them</p>
      )}
      {open && found.length === 0 && <p class="more">Nothing found</p>}
    </div>
  );
}

/** Those that begin with the query first. */
function search(options: readonly Option[], query: string): Option[] {
  const wanted = query.toLocaleLowerCase();
  const starts: Option[] = [];
  const holds: Option[] = [];
  for (const option of options) {
    const at = String(option).toLocaleLowerCase().indexOf(wanted);
    if (at === 0) starts.push(option);
    else if (at > 0) holds.push(option);
  }
  return [...starts, ...holds];
}
