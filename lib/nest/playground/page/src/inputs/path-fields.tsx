import type { ModelCard } from '../contract.js';

/** Parameters of a route, such as `:user` of `reviews/:user`. */
const PARAMETER = /(?<=^|\/):(\w{1,100})/g;

export type PathValues = Readonly<Record<string, string>>;

export function parametersOf({ routes }: ModelCard): string[] {
  return Array.from(routes.predict.matchAll(PARAMETER), ([, name = '']) => name);
}

/** A card with the parameters of its route filled in. Parameters without a value do not change. */
export function filled(card: ModelCard, values: PathValues): ModelCard {
  if (parametersOf(card).length === 0) return card;
  const predict = card.routes.predict.replaceAll(PARAMETER, (whole, name: string) => {
    const value = values[name] ?? '';
    return value === '' ? whole : encodeURIComponent(value);
  });
  return { ...card, routes: { ...card.routes, predict } };
}

interface Properties {
  readonly names: readonly string[];
  readonly values: PathValues;
  readonly onChange: (values: PathValues) => void;
}

/** A field for each parameter of the route. */
export function PathFields({ names, values, onChange }: Properties) {
  if (names.length === 0) return null;
  return (
    <div class="grid path">
      {names.map((name) => (
        <label key={name} class="field">
          <span>{name}</span>
          <input
            value={values[name] ?? ''}
            onInput={(event) => onChange({ ...values, [name]: event.currentTarget.value })}
          />
        </label>
      ))}
    </div>
  );
}
