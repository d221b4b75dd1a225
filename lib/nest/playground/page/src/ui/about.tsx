import type { ModelCard } from '../contract.js';
import { kindOf } from './kind.js';

/** The model's name, and the facts about it. */
export function About({ card }: { readonly card: ModelCard }) {
  const { name, tag, created, versions = {}, labels = {}, description } = card;
  const facts: [string, string][] = [];
  if (tag !== undefined) facts.push(['Tag', tag]);
  if (created !== undefined) facts.push(['Created', dateOf(created)]);
  for (const [what, version] of Object.entries(versions)) facts.push([what, version]);
  if ('classes' in description && description.classes) {
    facts.push(['Classes', String(description.classes.length)]);
  }
  if ('size' in description && description.size) {
    facts.push(['Sees', `${description.size[1]} × ${description.size[0]} pixels`]);
  }
  for (const [label, value] of Object.entries(labels)) facts.push([label, value]);
  facts.push(['Route', `POST ${card.routes.predict}`]);
  return (
    <header class="about">
      <h1>{name}</h1>
      <p class="kind">{kindOf(description)}</p>
      <dl>
        {facts.map(([what, value]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </header>
  );
}

function dateOf(text: string): string {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? text : date.toLocaleString();
}
