import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { unreadable } from '../errors.js';
import { SLIM, SLIM_FILE } from './slim.js';
import type { Vtsfile } from './vtsfile.js';

const NODE_MAJOR = '22';
const DEFAULT_PYTHON = '3.11';
const IGNORED = ['node_modules', 'npm-debug.log', 'Dockerfile', 'kubernetes'];

/**
 * @param slim Whether the image is made in stages, without the binaries of other platforms.
 * @throws CommandError if a file that the build file names cannot be read.
 */
export async function writeImageFiles(
  bundle: string,
  project: string,
  file: Vtsfile,
  slim = false,
): Promise<void> {
  const { python, conda, docker, labels = [] } = file;
  const read = (name: string): Promise<Buffer> =>
    readFile(join(project, name)).catch(unreadable(join(project, name)));
  const write = async (folder: string, name: string, content: string | Buffer): Promise<void> => {
    await mkdir(join(bundle, 'env', folder), { recursive: true });
    await writeFile(join(bundle, 'env', folder, name), content);
  };
  if (python) {
    // A requirements file replaces the list of packages, as in BentoML.
    const given = python.requirements_txt;
    const lines =
      given === undefined ? (python.packages ?? []) : [String(await read(given)).trimEnd()];
    const content = [...pipOptions(python), ...lines].join('\n');
    await write('python', 'requirements.txt', `${content}\n`);
  }
  if (conda) {
    const given = conda.environment_yml;
    const content = given === undefined ? condaEnvironment(conda) : await read(given);
    await write('conda', 'environment.yml', content);
  }
  if (docker?.setup_script !== undefined) {
    await write('docker', 'setup_script', await read(docker.setup_script));
  }
  const image = { pip: python !== undefined, conda: conda !== undefined, slim };
  await writeFile(join(bundle, 'Dockerfile'), dockerfile(file, labels, image));
  if (slim) await writeFile(join(bundle, SLIM_FILE), SLIM);
  await writeFile(join(bundle, '.dockerignore'), `${IGNORED.join('\n')}\n`);
}

function pipOptions(python: NonNullable<Vtsfile['python']>): string[] {
  const each = (option: string, values: readonly string[] = []): string[] =>
    values.map((value) => `--${option} ${value}`);
  return [
    ...each('index-url', python.index_url === undefined ? [] : [python.index_url]),
    ...each('extra-index-url', python.extra_index_url),
    ...each('find-links', python.find_links),
    ...each('trusted-host', python.trusted_host),
    ...(python.no_index ? ['--no-index'] : []),
  ];
}

function condaEnvironment({ channels, dependencies, pip }: NonNullable<Vtsfile['conda']>): string {
  return stringify({
    channels: channels ?? ['conda-forge'],
    dependencies: [...(dependencies ?? []), ...(pip && pip.length > 0 ? [{ pip }] : [])],
  });
}

export interface ImageKind {
  readonly pip: boolean;
  readonly conda: boolean;
  readonly slim?: boolean;
}

export function dockerfile(
  file: Vtsfile,
  labels: readonly (readonly [string, string])[],
  { pip, conda, slim = false }: ImageKind,
): string {
  const { docker = {}, envs = [], node } = file;
  const base = docker.base_image ?? `node:${node?.version ?? NODE_MAJOR}-slim`;
  const packages = [
    ...(docker.system_packages ?? []),
    ...(pip ? ['python3', 'python3-venv'] : []),
    ...(conda ? ['bzip2', 'ca-certificates', 'curl'] : []),
  ];
  const variables = (other: string): (readonly [string, string])[] =>
    envs.filter(({ stage }) => stage !== other).map(({ name, value }) => [name, value]);
  const runtime = [...variables('build'), ...(docker.env ?? [])];
  const args = variables('runtime').map(([name, value]) => `ARG ${name}=${quote(value)}`);
  const parts = [
    [`FROM ${base}${slim ? ' AS base' : ''}`],
    labels.length > 0 && [`LABEL ${pairs(labels)}`],
    [`ENV NODE_ENV=production PORT=3000 ONNXRUNTIME_NODE_INSTALL=skip`],
    packages.length > 0 && [
      'RUN apt-get update \\',
      `    && apt-get install -y --no-install-recommends ${packages.map(shell).join(' ')} \\`,
      '    && rm -rf /var/lib/apt/lists/*',
    ],
    // Another base image may lack the user that Node's images have.
    [
      'RUN id node >/dev/null 2>&1 || useradd --create-home --uid 1000 node',
      'WORKDIR /home/node/app',
      ...args,
    ],
    docker.setup_script !== undefined && [
      'COPY env/docker/setup_script /tmp/setup_script',
      'RUN chmod +x /tmp/setup_script && /tmp/setup_script',
    ],
    conda && condaLines(docker.python_version),
    pip && pipLines(file.python, docker.python_version),
    ...(slim ? stagesOf(args) : [[...INSTALL, COPY_ALL]]),
    runtime.length > 0 && [`ENV ${pairs(runtime)}`],
    [
      'USER node',
      'EXPOSE 3000',
      'HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["node", "healthcheck.mjs"]',
      'CMD ["node", "start.mjs"]',
    ],
  ];
  const texts = parts.flatMap((lines) => (lines ? [lines.join('\n')] : []));
  return `${texts.join('\n\n')}\n`;
}

const INSTALL = [
  'COPY --chown=node:node package.json package-lock.json .npmrc ./',
  // The brackets make a pattern: COPY accepts a pattern without a match, but not a missing folder.
  'COPY --chown=node:node vendo[r] ./vendor/',
  'RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force',
];
const COPY_ALL = 'COPY --chown=node:node . .';

/** A stage of its own keeps npm's archives and its cache out of the image. */
function stagesOf(args: readonly string[]): string[][] {
  return [
    ['FROM base AS build', ...args],
    [
      ...INSTALL,
      `COPY ${SLIM_FILE} ./`,
      `RUN node ${SLIM_FILE} node_modules`,
      COPY_ALL,
      `RUN rm -rf vendor ${SLIM_FILE}`,
    ],
    ['FROM base', 'COPY --from=build --chown=node:node /home/node/app ./'],
  ];
}

function pipLines(python: Vtsfile['python'], version: string | undefined): string[] {
  const args = python?.pip_args === undefined ? '' : ` ${python.pip_args}`;
  return [
    ...(version === undefined
      ? []
      : [`# Debian's Python is used; the build file asks for ${version}.`]),
    'COPY env/python/requirements.txt /tmp/requirements.txt',
    'RUN python3 -m venv /opt/venv \\',
    `    && /opt/venv/bin/pip install --no-cache-dir${args} -r /tmp/requirements.txt`,
    'ENV PATH=/opt/venv/bin:$PATH',
  ];
}

function condaLines(version: string | undefined): string[] {
  return [
    'COPY env/conda/environment.yml /tmp/environment.yml',
    'RUN curl -Ls "https://micro.mamba.pm/api/micromamba/linux-$(uname -m | sed s/x86_64/64/)/latest" \\',
    '      | tar -xj -C /usr/local bin/micromamba \\',
    `    && micromamba create -y -p /opt/conda -f /tmp/environment.yml python=${version ?? DEFAULT_PYTHON} \\`,
    '    && micromamba clean -ay',
    'ENV PATH=/opt/conda/bin:$PATH',
  ];
}

function pairs(entries: readonly (readonly [string, string])[]): string {
  return entries.map(([name, value]) => `${key(name)}=${quote(value)}`).join(' ');
}

/** Names of labels may contain characters at which an instruction would split. */
function key(name: string): string {
  return /^[\w.\-/]+$/.test(name) ? name : quote(name);
}

function quote(value: string): string {
  const escaped = value.replace(/[\\"$]/g, '\\$&').replace(/\r?\n/g, ' ');
  return `"${escaped}"`;
}

/** A word of a shell command. */
function shell(word: string): string {
  return /^[\w.+:=~\-/]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
