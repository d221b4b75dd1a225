import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { hasCode } from '../../serving/store/durable.js';
import { isTagPart } from '../../serving/store/tag.js';
import { BuildFileError, CommandError, unreadable } from '../errors.js';
import {
  either,
  flag,
  list,
  object,
  Report,
  text,
  texts,
  where,
  type Read,
  type Shape,
} from './yaml-shape.js';

const oneOrMore: Shape<string[]> = either(isSeq, list(text), (node, path, report) => {
  const value = text(node, path, report);
  return value === undefined ? undefined : [value];
});

const modelTag: Shape<string> = either(
  isMap,
  (node, path, report) => {
    const model = object({ tag: text })(node, path, report);
    if (model && model.tag === undefined) report.add(node, `${path} needs a tag`);
    return model?.tag;
  },
  text,
);

/** An environment variable, for the build of an image, for the running service, or for both. */
const env: Shape<{ name: string; value: string; stage: 'all' | 'build' | 'runtime' }> = (
  node,
  path,
  report,
) => {
  const read = object({
    name: where(text, (name) =>
      /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
        ? undefined
        : `is "${name}"; use letters, digits and "_"`,
    ),
    value: text,
    stage: where(text as Shape<'all' | 'build' | 'runtime'>, (stage) =>
      ['all', 'build', 'runtime'].includes(stage) ? undefined : 'must be all, build or runtime',
    ),
  })(node, path, report);
  if (!read) return undefined;
  if (read.name === undefined) return report.add(node, `${path} needs a name`);
  return { name: read.name, value: read.value ?? '', stage: read.stage ?? 'all' };
};

/** A map, or BentoML's list of `NAME=value`. */
const dockerEnv: Shape<(readonly [string, string])[]> = either(
  isSeq,
  (node, path, report) =>
    list(where(text, (pair) => (pair.includes('=') ? undefined : `is "${pair}", not NAME=value`)))(
      node,
      path,
      report,
    )?.map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), pair.slice(at + 1)] as const;
    }),
  texts as Shape<(readonly [string, string])[]>,
);

const dependency: Shape<string | { pip: string[] }> = either(
  isMap,
  (node, path, report) => {
    const pip = object({ pip: list(text) })(node, path, report)?.pip;
    return pip && { pip };
  },
  text,
);

const tagPart: Shape<string> = where(text, (part) =>
  isTagPart(part)
    ? undefined
    : `is "${part}"; use 1 to 63 lower-case letters, digits, "-", "_" or "."`,
);

const VTSFILE = object({
  /** `src/main.ts` or `src/app.module.ts:AppModule`; undefined to serve the models as they are. */
  service: where(text, (service) =>
    /^[\w.-]+(\.[\w]+)*:\w+$/.test(service) && !/\.[cm]?[jt]s:/.test(service)
      ? `is "${service}", a Python module; name the file of a Nest app, such as src/main.ts or src/app.module.ts:AppModule`
      : undefined,
  ),
  name: tagPart,
  version: where(tagPart, (version) =>
    version === 'latest' ? 'cannot be "latest", which means the newest version' : undefined,
  ),
  description: text,
  labels: texts,
  include: list(text),
  exclude: list(text),
  models: list(modelTag),
  envs: list(env),
  node: object({
    version: where(text, (version) =>
      /^\d+(\.\d+){0,2}$/.test(version) ? undefined : `is "${version}"; write it as 22 or 22.12.0`,
    ),
  }),
  docker: object({
    base_image: text,
    distro: where(text, (distro) =>
      distro === 'debian' ? undefined : `is "${distro}"; only debian is known, or give base_image`,
    ),
    python_version: text,
    env: dockerEnv,
    system_packages: list(text),
    setup_script: text,
  }),
  /** Python beside Node, for models that are not learners. */
  python: object({
    packages: list(text),
    requirements_txt: text,
    lock_packages: where(flag, (lock) =>
      lock ? 'must be false: Python packages are not locked' : undefined,
    ),
    index_url: text,
    no_index: flag,
    trusted_host: oneOrMore,
    find_links: oneOrMore,
    extra_index_url: oneOrMore,
    pip_args: text,
  }),
  conda: object({
    environment_yml: text,
    channels: list(text),
    dependencies: list(dependency),
    pip: list(text),
  }),
});

export type Vtsfile = Read<typeof VTSFILE>;

/** The usual names of the file. */
const NAMES = ['vtsfile.yaml', 'vtsfile.yml', 'bentofile.yaml', 'bentofile.yml'];

/** @param given The path, if the file has another name. */
export async function readVtsfile(folder: string, given?: string): Promise<Vtsfile> {
  const paths = given === undefined ? NAMES.map((name) => join(folder, name)) : [resolve(given)];
  for (const path of paths) {
    const content = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) =>
      hasCode(error, 'ENOENT', 'ENOTDIR') ? undefined : unreadable(path)(error),
    );
    if (content !== undefined) return parseVtsfile(content, basename(path));
  }
  throw new CommandError(
    `No ${given === undefined ? `vtsfile.yaml in ${resolve(folder)}` : paths[0]}`,
    'Write one, or name it with --file',
  );
}

export function parseVtsfile(content: string, name: string): Vtsfile {
  const lines = new LineCounter();
  const document = parseDocument(content, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    throw new BuildFileError(
      name,
      document.errors.map(({ pos, message }) => ({ line: lines.linePos(pos[0]).line, message })),
    );
  }
  const report = new Report(lines);
  const root = document.contents;
  const empty = root === null || (isScalar(root) && root.value === null);
  const file = empty ? {} : (VTSFILE(root, '', report) ?? {});
  const isServable = file.service !== undefined || (file.models ?? []).length > 0;
  if (!isServable && report.problems.length === 0) {
    report.add(root, 'it names neither a service nor a model');
  }
  if (report.problems.length > 0) throw new BuildFileError(name, report.problems);
  return file;
}
