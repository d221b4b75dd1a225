import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { comparisons } from './math/comparison.js';
import { creation, settings } from './math/creation.js';
import { cumulative } from './math/cumulative.js';
import { einops } from './math/einops.js';
import { joining } from './math/joining.js';
import { linear } from './math/linear.js';
import { pointwise } from './math/pointwise.js';
import { reductions } from './math/reductions.js';
import { refusals } from './math/refused.js';
import { selection } from './math/selection.js';
import { shapes } from './math/shapes.js';
import { specialFunctions } from './math/special.js';
import type { TorchTable } from './table.js';
import { tables } from './tables.js';
import { tensorMethods } from './tensor-methods.js';

const titles: readonly (readonly [title: string, table: TorchTable])[] = [
  ['Element by element', pointwise],
  ['Special functions', specialFunctions],
  ['Comparison and logic', comparisons],
  ['Reductions', reductions],
  ['Running sums', cumulative],
  ['Shapes', shapes],
  ['Joining and splitting', joining],
  ['Selection and order', selection],
  ['Linear algebra', linear],
  ['New tensors', creation],
  ['Types and properties of tensors', tensorMethods],
  ['einops', einops],
  ['Without effect', settings],
  ['Refused by name', refusals],
];

const page = fileURLToPath(new URL('../../../../docs/notebook-code.md', import.meta.url));
const [begin, end] = ['<!-- operations -->', '<!-- /operations -->'];

/** `add` where torch.add and Tensor.add are one operation; `torch.cat`, `F.relu` where it is one alone. */
function namesOf(list: readonly TorchTable[]): string[] {
  const names = new Set(
    list.flatMap((table) => Object.keys(table).flatMap((key) => key.split('|'))),
  );
  return [...names]
    .flatMap((name) => {
      const [kind = '', short = ''] = name.split(/\.(.*)/s);
      if (kind === 'Tensor' && names.has(`torch.${short}`)) return [];
      return kind === 'torch' && names.has(`Tensor.${short}`) ? [short] : [name];
    })
    .sort((a, b) => (a < b ? -1 : 1));
}

const row = (title: string, list: readonly TorchTable[]): string =>
  `- **${title}**: ${namesOf(list)
    .map((name) => `\`${name}\``)
    .join(' ')}`;

function listing(): string {
  const known = new Set(titles.map(([, one]) => one));
  const others = tables.filter((one) => !known.has(one));
  const rows = titles.map(([title, one]) => row(title, [one]));
  const count = new Set(
    tables.filter((one) => one !== refusals).flatMap((one) => Object.values(one)),
  ).size;
  return [
    `${count} operations. A name without a prefix is both a torch function and a tensor method. F is torch.nn.functional.`,
    'In-place methods (`add_`) work if the operation does.',
    '',
    ...rows.slice(0, -2),
    row('Functions of layers, losses and others', others),
    ...rows.slice(-2),
  ].join('\n');
}

it('docs/notebook-code.md lists the operations; npm run docs:operations writes it', async () => {
  const text = readFileSync(page, 'utf8');
  const [before, rest = ''] = text.split(begin);
  const [, after] = rest.split(end);
  expect(after, `The page lacks ${begin} or ${end}`).toBeDefined();
  const wanted = `${before}${begin}\n\n${listing()}\n\n${end}${after}`;
  await expect(wanted).toMatchFileSnapshot(page);
});
