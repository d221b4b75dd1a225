import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { isTagPart } from '../../serving/store/tag.js';
import { BuildFileError } from '../errors/build.error.js';
import { CommandError } from '../errors/cli.error.js';
import {
  either,
  flag,
  list,
  object,
  Report,
  text,
  texts,
  where,
  type Shape,
} from './yaml-shape.js';

/** An environment variable, for the build of an image, for the running service, or for both. */
export interface BundleEnv {
  readonly name: string;
  readonly value: string;
  readonly stage: 'all' | 'build' | 'runtime';
}

/** Python beside Node, for what is no learner. */
export interface PythonSettings {
  readonly packages?: readonly string[];
  readonly requirements_txt?: string;
  readonly lock_packages?: boolean;
  readonly index_url?: string;
  readonly no_index?: boolean;
  readonly trusted_host?: readonly string[];
  readonly find_links?: readonly string[];
  readonly extra_index_url?: readonly string[];
  readonly pip_args?: string;
}

export interface CondaSettings {
  readonly environment_yml?: string;
  readonly channels?: readonly string[];
  /** Texts, and `{ pip: [...] }`. */
  readonly dependencies?: readonly (string | { readonly pip: readonly string[] })[];
  readonly pip?: readonly string[];
}

export interface DockerSettings {
  readonly base_image?: string;
  readonly distro?: string;
  readonly python_version?: string;
  readonly env?: readonly (readonly [string, string])[];
  readonly system_packages?: readonly string[];
  readonly setup_script?: string;
}

/** The build file of a bundle. */
export interface Vtsfile {
  /**
   * `src/main.ts`, a program that serves; or `src/app.module.ts:AppModule`. Undefined: the models
   * are served as they are.
   */
  readonly service?: string;
  readonly name?: string;
  readonly version?: string;
  readonly description?: string;
  readonly labels?: readonly (readonly [string, string])[];
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly models?: readonly string[];
  readonly envs?: readonly BundleEnv[];
  readonly node?: { readonly version?: string };
  readonly docker?: DockerSettings;
  readonly python?: PythonSettings;
  readonly conda?: CondaSettings;
}

const oneOrMore: Shape<string[]> = either(isSeq, list(text), (node, path, report) => {
  const value = text(node, path, report);
  return value === undefined ? undefined : [value];
});

const modelTag: Shape<string> = either(
  isMap,
  (node, path, report) => {
    const model = object<{ tag?: string }>({ tag: text })(node, path, report);
    if (model && model.tag === undefined) report.add(node, `${path} needs a tag`);
    return model?.tag;
  },
  text,
);

const env: Shape<BundleEnv> = (node, path, report) => {
  const read = object<{ name?: string; value?: string; stage?: BundleEnv['stage'] }>({
    name: where(text, (name) =>
      /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
        ? undefined
        : `is "${name}", which no variable can be called`,
    ),
    value: text,
    stage: where(text as Shape<BundleEnv['stage']>, (stage) =>
      ['all', 'build', 'runtime'].includes(stage) ? undefined : 'must be all, build or runtime',
    ),
  })(node, path, report);
  if (!read) return undefined;
  if (read.name === undefined) {
    report.add(node, `${path} needs a name`);
    return undefined;
  }
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
    const pip = object<{ pip?: string[] }>({ pip: list(text) })(node, path, report)?.pip;
    return pip && { pip };
  },
  text,
);

const tagPart: Shape<string> = where(text, (part) =>
  isTagPart(part)
    ? undefined
    : `is "${part}"; use 1 to 63 lower-case letters, digits, "-", "_" or "."`,
);

const VTSFILE = object<Vtsfile>({
  service: where(text, (service) =>
    /^[\w.-]+(\.[\w]+)*:\w+$/.test(service) && !/\.[cm]?[jt]s:/.test(service)
      ? `is "${service}", a module of Python's; name the file of a Nest app, such as src/main.ts or src/app.module.ts:AppModule`
      : undefined,
  ),
  name: tagPart,
  version: where(tagPart, (version) =>
    version === 'latest' ? 'cannot be "latest", the word for the newest one' : undefined,
  ),
  description: text,
  labels: texts,
  include: list(text),
  exclude: list(text),
  models: list(modelTag),
  envs: list(env),
  node: object<NonNullable<Vtsfile['node']>>({
    version: where(text, (version) =>
      /^\d+(\.\d+){0,2}$/.test(version) ? undefined : `is "${version}"; write it as 22 or 22.12.0`,
    ),
  }),
  docker: object<DockerSettings>({
    base_image: text,
    distro: where(text, (distro) =>
      distro === 'debian' ? undefined : `is "${distro}"; only debian is known, or give base_image`,
    ),
    python_version: text,
    env: dockerEnv,
    system_packages: list(text),
    setup_script: text,
  }),
  python: object<PythonSettings>({
    packages: list(text),
    requirements_txt: text,
    lock_packages: where(flag, (lock) =>
      lock ? 'must be false: packages of Python are not locked here' : undefined,
    ),
    index_url: text,
    no_index: flag,
    trusted_host: oneOrMore,
    find_links: oneOrMore,
    extra_index_url: oneOrMore,
    pip_args: text,
  }),
  conda: object<CondaSettings>({
    environment_yml: text,
    channels: list(text),
    dependencies: list(dependency),
    pip: list(text),
  }),
});

/** Names under which the file is looked for. */
const NAMES = ['vtsfile.yaml', 'vtsfile.yml', 'bentofile.yaml', 'bentofile.yml'];

/**
 * Reads the build file of a folder.
 *
 * @param given Its name, where it is another.
 * @throws CommandError where there is none.
 * @throws BuildFileError with the lines of what is wrong.
 */
export async function readVtsfile(folder: string, given?: string): Promise<Vtsfile> {
  const paths = given === undefined ? NAMES.map((name) => join(folder, name)) : [resolve(given)];
  for (const path of paths) {
    const content = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
      throw new CommandError(`${path} cannot be read (${error.code})`, 'See to its permissions');
    });
    if (content !== undefined) return parseVtsfile(content, basename(path));
  }
  throw new CommandError(
    given === undefined
      ? `There is no vtsfile.yaml in ${resolve(folder)}`
      : `There is no ${paths[0]}`,
    'Write one, or name it with --file',
  );
}

export function parseVtsfile(content: string, name: string): Vtsfile {
  const lines = new LineCounter();
  const document = parseDocument(content, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ pos, message }) => ({
      line: lines.linePos(pos[0]).line,
      message,
    }));
    throw new BuildFileError(name, problems);
  }
  const report = new Report(lines);
  const root = document.contents;
  const empty = root === null || (isScalar(root) && root.value === null);
  const file = empty ? {} : (VTSFILE(root, '', report) ?? {});
  if (
    file.service === undefined &&
    (file.models ?? []).length === 0 &&
    report.problems.length === 0
  ) {
    report.add(root, 'there is neither a service nor a model');
  }
  if (report.problems.length > 0) throw new BuildFileError(name, report.problems);
  return file;
}
