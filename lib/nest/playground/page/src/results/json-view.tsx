import { pretty } from '../inputs/input.js';

/** More than this makes a page slow. */
const LONGEST = 100_000;

export function JsonView({ value }: { readonly value: unknown }) {
  const text = pretty(value);
  const rest = text.length - LONGEST;
  return (
    <pre class="json" tabIndex={0} role="region" aria-label="JSON">
      <code>{rest > 0 ? `${text.slice(0, LONGEST)}\n… ${rest} more characters` : text}</code>
    </pre>
  );
}
