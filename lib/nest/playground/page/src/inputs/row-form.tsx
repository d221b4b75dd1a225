import type { Column, ModelCard, Scalar } from '../contract.js';
import { Combobox } from './combobox.js';
import type { InputOf } from './input.js';

interface Properties {
  readonly card: ModelCard;
  readonly input: InputOf<'row'>;
  readonly onChange: (input: InputOf<'row'>) => void;
}

/** Up to this number, categories are a menu; more are searched. */
const LONGEST_MENU = 24;

/** A field for each column of the learner. */
export function RowForm({ card: { description }, input, onChange }: Properties) {
  const columns = ('columns' in description && description.columns?.columns) || [];
  const put = (name: string, value: Scalar) =>
    onChange({ type: 'row', row: { ...input.row, [name]: value } });
  return (
    <div class="grid">
      {columns.map((column) => (
        <Cell
          key={column.name}
          column={column}
          value={input.row[column.name] ?? null}
          onChange={(value) => put(column.name, value)}
        />
      ))}
    </div>
  );
}

interface CellProperties {
  readonly column: Column;
  readonly value: Scalar;
  readonly onChange: (value: Scalar) => void;
}

function Cell({ column, value, onChange }: CellProperties) {
  const { name, kind, categories = [] } = column;
  if (kind === 'number') return <NumberCell column={column} value={value} onChange={onChange} />;
  if (categories.length > LONGEST_MENU) {
    return <Combobox label={name} options={categories} value={value} onChange={onChange} />;
  }
  // A menu's values are texts, but categories may be numbers, so the menu uses their indices.
  const place = categories.indexOf(value as Exclude<Scalar, null>);
  return (
    <label class="field">
      <span>{name}</span>
      <select
        value={String(place)}
        onChange={(event) => onChange(categories[Number(event.currentTarget.value)] ?? null)}
      >
        <option value="-1">(missing)</option>
        {categories.map((category, at) => (
          <option key={at} value={String(at)}>
            {String(category)}
          </option>
        ))}
      </select>
    </label>
  );
}

function NumberCell({ column: { name, nullable }, value, onChange }: CellProperties) {
  return (
    <label class="field">
      <span>{name}</span>
      <input
        type="number"
        step="any"
        required={!nullable}
        placeholder={nullable ? 'missing' : ''}
        value={typeof value === 'number' ? value : typeof value === 'boolean' ? Number(value) : ''}
        onInput={(event) => {
          const number = event.currentTarget.valueAsNumber;
          onChange(Number.isNaN(number) ? null : number);
        }}
      />
    </label>
  );
}
