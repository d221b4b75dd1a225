import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { tables } from '../torch-ops/tables.js';
import { refusals } from '../torch-ops/math/refused.js';
import type { Lowering } from './context.js';
import { allLowerings } from './registry.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

const LIBRARIES: readonly (readonly [title: string, names: RegExp])[] = [
  ['torch', /^torch\./],
  ['fastai', /^fastai\./],
  ['torchvision', /^torchvision\./],
  ['timm', /^timm\./],
  ['tsai', /^(?:tsai|timeseries|timeseries_fastai)\./],
];

const compare = (a: string, b: string): number => (a < b ? -1 : 1);
const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort(compare);
const lastOf = (name: string): string => name.slice(name.lastIndexOf('.') + 1);
const inCode = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(' ');

/** The files of models of a library: `resnet` of `timm.models.resnet.ResNet`. */
function familiesOf(names: Iterable<string>, home: string): string[] {
  return sorted(names)
    .filter((name) => name.startsWith(`${home}.`))
    .map((name) => name.slice(home.length + 1))
    .filter((name) => /^[a-z]/.test(name) && name.includes('.'))
    .map((name) => name.slice(0, name.lastIndexOf('.')))
    .filter((name, index, all) => !name.startsWith('_') && all.indexOf(name) === index);
}

/** Versions of fastai, torch and pandas that wrote the learners which the tests compare. */
function versionsOfFixtures(): Readonly<Record<string, string[]>> {
  const versions: Record<string, Set<string>> = {};
  const folder = `${root}test/fixtures/`;
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.json')) continue;
    const content: unknown = JSON.parse(readFileSync(folder + file, 'utf8'));
    const given = (content as { versions?: unknown } | null)?.versions;
    if (typeof given !== 'object' || given === null || Array.isArray(given)) continue;
    for (const [library, version] of Object.entries(given)) {
      if (typeof version !== 'string' || !/^\d/.test(version)) continue;
      (versions[library] ??= new Set()).add(version.replace(/\+.*$/, ''));
    }
  }
  const inOrder = (set: Set<string>): string[] =>
    [...set].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return Object.fromEntries(
    sorted(Object.keys(versions)).map((library) => [library, inOrder(versions[library]!)]),
  );
}

/** Versions of Python whose bytecode the tests follow. */
const pythons = (): string[] =>
  readdirSync(`${root}test/fixtures/code`)
    .flatMap((name) => /^code-(3\.\d+)\.json\.gz$/.exec(name)?.[1] ?? [])
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));

describe('docs/coverage.md', () => {
  let lowered: ReadonlyMap<string, Lowering>;
  beforeAll(async () => {
    lowered = await allLowerings();
  });

  const ofLibrary = (names: RegExp): string[] =>
    sorted([...lowered.keys()].filter((name) => names.test(name)));

  function modules(): string {
    const rows = LIBRARIES.map(([title, names]) => `| ${title} | ${ofLibrary(names).length} |`);
    const others = LIBRARIES.filter(([title]) => title !== 'timm').map(
      ([title, names]) => `### ${title}\n\n${inCode(sorted(ofLibrary(names).map(lastOf)))}\n`,
    );
    return ['| Library | Classes |', '| --- | ---: |', ...rows, '', ...others].join('\n');
  }

  it('lists what is covered; npm run docs:tables writes it', async () => {
    const all = LIBRARIES.flatMap(([, names]) => ofLibrary(names));
    expect([...lowered.keys()].filter((name) => !all.includes(name))).toEqual([]);
    const timm = familiesOf(lowered.keys(), 'timm.models');
    const torchvision = familiesOf(lowered.keys(), 'torchvision.models');
    expect(timm.length).toBeGreaterThan(20);
    expect(torchvision.length).toBeGreaterThan(5);
    const operations = new Set(
      tables.filter((one) => one !== refusals).flatMap((one) => Object.values(one)),
    ).size;
    const versions = Object.entries(versionsOfFixtures()).flatMap(([library, list]) =>
      library === 'python' ? [] : [`| ${library} | ${list.join(', ')} |`],
    );
    const page = [
      '# Coverage\n\n' + INTRODUCTION,
      '## Versions\n\n' + VERSIONS,
      [
        '| Written with | Versions |',
        '| --- | --- |',
        ...versions,
        `| Python, for code in the file | ${pythons().join(', ')} |`,
      ].join('\n'),
      `## Modules\n\n${MODULES}\n\n${modules().trim()}`,
      `## torchvision\n\nModels of ${torchvision.length} files of \`torchvision.models\`:\n\n${inCode(torchvision)}`,
      `## timm\n\nModels of ${timm.length} files of \`timm.models\`, and the layers that they use:\n\n${inCode(timm)}`,
      `## Operations of torch\n\n${operations} operations work in your own code. [Your notebook’s own code](notebook-code.md) lists them.`,
      '## Names in files\n\n[Names in files](names.md) lists the classes and functions that published learners contain, and what becomes of each.',
    ].join('\n\n');
    await expect(`${page}\n`).toMatchFileSnapshot(`${root}docs/coverage.md`);
  });
});

const INTRODUCTION =
  'A test writes these tables from the code and from the fixtures, so they are true for this version. A class that is\n' +
  'missing here is refused by name when the file is loaded. [Contributing](../CONTRIBUTING.md) shows how to add one.';
const VERSIONS =
  'The tests compare predictions with those of learners that these versions wrote.\n' +
  '[Which learners](learners/index.md) lists the versions that load.';
const MODULES =
  'Each of these classes of `nn.Module` becomes ONNX directly. Other modules work if their code is in the file or given\n' +
  'beside it: [Your notebook’s own code](notebook-code.md).';
