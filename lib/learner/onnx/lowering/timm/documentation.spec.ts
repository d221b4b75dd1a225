import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { allLowerings } from '../registry.js';

/** What became of a family's models: see the head of the chapter. */
interface Family {
  readonly models: number;
  readonly tried: number;
  readonly equal: number;
  readonly largest: number;
}

const fileOf = (path: string): string =>
  fileURLToPath(new URL(`../../../../../${path}`, import.meta.url));
const page = fileOf('docs/learners/timm.md');
const families = JSON.parse(
  readFileSync(fileOf('test/fixtures/vision/timm-families.json'), 'utf8'),
) as Record<string, Family>;
const [begin, end] = ['<!-- timm -->', '<!-- /timm -->'];

function listing(): string {
  const rows = Object.entries(families).map(([name, { models, tried, equal, largest }]) => {
    const result = equal > 0 ? largest.toExponential(0) : '';
    return `| \`${name}\` | ${models} | ${tried} | ${equal} | ${result} |`;
  });
  const sum = (key: 'models' | 'tried' | 'equal'): number =>
    Object.values(families).reduce((total, family) => total + family[key], 0);
  return [
    `Of the ${sum('models')} models of \`timm.list_models()\`, ${sum('tried')} were tried and ${sum('equal')} are equal.`,
    '',
    '| family | models | tried | equal | largest difference |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

/** The widths of a table's columns are prettier's to choose. */
const plain = (text: string): string => text.replace(/ +\|/g, ' |').replace(/-{3,}/g, '---').trim();

it('docs/learners/timm.md has the table of families; WRITE_TABLES=1 writes it', () => {
  const text = readFileSync(page, 'utf8');
  const [before, rest = ''] = text.split(begin);
  const [listed = '', after] = rest.split(end);
  expect(after, `The page lacks ${begin} or ${end}`).toBeDefined();
  if (process.env['WRITE_TABLES']) {
    writeFileSync(page, `${before}${begin}\n\n${listing()}\n\n${end}${after}`);
    return;
  }
  expect(plain(listed)).toBe(plain(listing()));
});

// These are put together from the classes of byobnet, and of efficientnet.
const withoutClasses = ['byoanet', 'hardcorenas'];

it('a family whose models are equal has lowerings', async () => {
  const homes = new Set(
    [...(await allLowerings()).keys()].map((name) => name.split('.').slice(0, 3).join('.')),
  );
  const lacking = Object.entries(families)
    .filter(([name, { equal }]) => equal > 0 && !withoutClasses.includes(name))
    .map(([name]) => name)
    .filter((name) => !homes.has(`timm.models.${name}`));
  expect(lacking).toEqual([]);
});
