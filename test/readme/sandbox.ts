import { cp, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fastai, ModelStore, PandasDataFrame } from 'nestjs-vts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const modelOf = (sample: string, model: string): string =>
  `${ROOT}sample/${sample}/models-home/models/${model}/saved_model.pkl`;
const SENTIMENT = modelOf('01-fastai-sentiment', 'fastai_sentiment/ln2yf5vx2km2s2p3');
const SHAPES = modelOf('04-vision', 'shapes/ln2yj7imvie5gxav');

/** Models that the README takes from a store, with the files that stand for them. */
const MODELS: Readonly<Record<string, string>> = {
  income: modelOf('03-tabular', 'income/ln2yg3cs6rfn6flp'),
  pets: SHAPES,
  street: modelOf('04-vision', 'shape_masks/ln2yj7jc2prpjrbe'),
  reviews: SENTIMENT,
  stories: modelOf('05-language-model', 'reviews_lm/ln2yhw7wwwoyipnr'),
};

const PERSON = {
  age: 28,
  hours: 40.3,
  gain: 3968,
  workclass: 'Self-emp',
  education: 'Masters',
  sex: 'M',
  years: 14,
  is_married: false,
};

/** A clone of the repository that commands may write into, and the files that the README speaks of. */
export async function sandbox(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vts-readme-'));
  for (const name of ['dist', 'sample', 'package.json', 'node_modules', 'test']) {
    await symlink(`${ROOT}${name}`, `${folder}/${name}`);
  }
  const picture = (name: string): string => `${ROOT}sample/04-vision/pictures/${name}.jpg`;
  for (const name of ['path/to', 'bears', 'bear-classifier', 'photos']) {
    await mkdir(`${folder}/${name}`, { recursive: true });
  }
  const copies: [from: string, to: string][] = [
    [SENTIMENT, 'export.pkl'],
    [SENTIMENT, 'path/to/export.pkl'],
    [SHAPES, 'shapes.pkl'],
    [SHAPES, 'bears/export.pkl'],
    [SHAPES, 'bear-classifier/model.pkl'],
    [picture('circle'), 'photos/circle.jpg'],
    [picture('square'), 'square.jpg'],
    [picture('circle'), 'circle.jpg'],
    [picture('cross'), 'photo.jpg'],
    [picture('cross'), 'a.png'],
  ];
  for (const [from, to] of copies) await cp(from, `${folder}/${to}`);
  await writeFile(`${folder}/person.json`, JSON.stringify(PERSON));
  const lines = [Object.keys(PERSON), Object.values(PERSON)].map((cells) => cells.join(','));
  await writeFile(`${folder}/people.csv`, `${lines.join('\n')}\n`);
  const parquet = await new PandasDataFrame({ defaultFormat: 'parquet' }).serialize([PERSON]);
  await writeFile(`${folder}/people.parquet`, parquet.body as Uint8Array);
  await writeFile(`${folder}/reviews.csv`, 'text\nI really liked that movie!\nSo dull.\n');
  await programs(folder);
  await models(`${folder}/home/vtsserving`);
  await symlink(`${folder}/home/vtsserving`, `${folder}/home/bentoml`);
  return folder;
}

/** `vts`, and `npm` with the scripts of this repository, which is built. */
async function programs(folder: string): Promise<void> {
  await mkdir(`${folder}/bin`);
  const { scripts } = JSON.parse(await readFile(`${ROOT}package.json`, 'utf8')) as {
    scripts: Record<string, string>;
  };
  const shell = (name: string, text: string): Promise<void> =>
    writeFile(`${folder}/bin/${name}`, `#!/usr/bin/env bash\n${text}\n`, { mode: 0o755 });
  // What `--open` starts.
  for (const opener of ['xdg-open', 'open']) await shell(opener, ':');
  await shell('vts', `exec "${process.execPath}" "${ROOT}dist/lib/cli/main.js" "$@"`);
  await shell('npx', `case "$1" in vts|nestjs-vts) shift; exec vts "$@" ;; *) exit 1 ;; esac`);
  await shell(
    'npm',
    `case "$*" in
  "run build") ;;
  start) exec ${scripts['start']} ;;
  *) echo "npm $* is not for the sandbox" >&2; exit 1 ;;
esac`,
  );
}

async function models(home: string): Promise<void> {
  const store = new ModelStore(home);
  await mkdir(`${home}/models`, { recursive: true });
  await cp(
    `${ROOT}sample/01-fastai-sentiment/models-home/models/fastai_sentiment`,
    `${home}/models/fastai_sentiment`,
    { recursive: true },
  );
  for (const [name, file] of Object.entries(MODELS)) await fastai.saveModel(name, file, { store });
}
