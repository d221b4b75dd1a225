interface Properties {
  readonly value: number;
  readonly onChange: (value: number) => void;
}

export function Opacity({ value, onChange }: Properties) {
  return (
    <label class="field inline">
      <span>Opacity</span>
      <input
        type="range"
        min="0"
        max="1"
        step="0.05"
        value={value}
        onInput={(event) => onChange(event.currentTarget.valueAsNumber)}
      />
    </label>
  );
}
