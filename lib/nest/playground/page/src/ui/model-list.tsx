import { useState } from 'preact/hooks';
import type { ModelCard } from '../contract.js';
import { kindOf } from './kind.js';

interface Properties {
  readonly models: readonly ModelCard[];
  readonly selected: string;
  readonly onSelect: (name: string) => void;
}

/** From this number on, a list is searched rather than read. */
const MANY = 10;

/** The models: a list beside them, a menu above them on a narrow screen. */
export function ModelList({ models, selected, onSelect }: Properties) {
  const [wanted, setWanted] = useState('');
  const found = models.filter(({ name }) => name.toLowerCase().includes(wanted.toLowerCase()));
  return (
    <nav class="models" aria-label="Models">
      <label class="field narrow">
        <span>Model</span>
        <select value={selected} onChange={(event) => onSelect(event.currentTarget.value)}>
          {models.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {models.length > MANY && (
        <input
          class="wide"
          type="search"
          aria-label="Find a model"
          placeholder="Find a model"
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
      )}
      <ul class="wide">
        {found.map((card) => (
          <li key={card.name}>
            <button
              type="button"
              aria-current={card.name === selected ? 'page' : undefined}
              onClick={() => onSelect(card.name)}
            >
              <span>{card.name}</span>
              <small>{kindOf(card.description)}</small>
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}
