import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { CommandError } from '../errors/cli.error.js';
import type { CondaSettings, PythonSettings, Vtsfile } from './vtsfile.js';

const NODE_MAJOR = '22';
const DEFAULT_PYTHON = '3.11';

/**
 * Writes what a container image of a bundle is built from: a Dockerfile, and where the build file
 * declares Python, its requirements.
 *
 * @returns The paths of the Python files, relative to the bundle.
 * @throws CommandError when a file that the build file names cannot be read.
 */
export async function writeImageFiles(
  bundle: string,
  project: string,
  file: Vtsfile,
  labels: readonly (readonly [string, string])[],
): Promise<void> {
  const pip = await writePip(bundle, project, file.python);
  const conda = await writeConda(bundle, project, file.conda);
  const setup = file.docker?.setup_script;
  if (setup !== undefined) {
    await mkdir(join(bundle, 'env', 'docker'), { recursive: true });
    await take(join(project, setup), join(bundle, 'env', 'docker', 'setup_script'));
  }
  await writeFile(join(bundle, 'Dockerfile'), dockerfile(file, labels, { pip, conda }));
  await writeFile(join(bundle, '.dockerignore'), 'node_modules\nnpm-debug.log\nDockerfile\n');
}

async function writePip(
  bundle: string,
  project: string,
  python: PythonSettings | undefined,
): Promise<boolean> {
  if (!python) return false;
  const folder = join(bundle, 'env', 'python');
  await mkdir(folder, { recursive: true });
  const target = join(folder, 'requirements.txt');
  // As in BentoML, a file of requirements takes the place of the packages.
  const lines =
    python.requirements_txt === undefined
      ? [...(python.packages ?? [])]
      : [(await read(join(project, python.requirements_txt))).trimEnd()];
  const options = [
    ...(python.index_url === undefined ? [] : [`--index-url ${python.index_url}`]),
    ...(python.extra_index_url ?? []).map((url) => `--extra-index-url ${url}`),
    ...(python.find_links ?? []).map((url) => `--find-links ${url}`),
    ...(python.trusted_host ?? []).map((host) => `--trusted-host ${host}`),
    ...(python.no_index ? ['--no-index'] : []),
  ];
  await writeFile(target, `${[...options, ...lines].join('\n')}\n`);
  return true;
}

async function writeConda(
  bundle: string,
  project: string,
  conda: CondaSettings | undefined,
): Promise<boolean> {
  if (!conda) return false;
  const folder = join(bundle, 'env', 'conda');
  await mkdir(folder, { recursive: true });
  const target = join(folder, 'environment.yml');
  if (conda.environment_yml !== undefined) {
    await take(join(project, conda.environment_yml), target);
    return true;
  }
  const dependencies = [
    ...(conda.dependencies ?? []),
    ...(conda.pip && conda.pip.length > 0 ? [{ pip: [...conda.pip] }] : []),
  ];
  const channels = conda.channels ?? ['conda-forge'];
  await writeFile(target, stringify({ channels, dependencies }));
  return true;
}

async function take(from: string, to: string): Promise<void> {
  await copyFile(from, to).catch((error: NodeJS.ErrnoException) => refuse(from, error));
}

async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => refuse(path, error));
}

function refuse(path: string, { code }: NodeJS.ErrnoException): never {
  throw new CommandError(`${path} cannot be read (${code})`, 'Correct its path in the build file');
}

export function dockerfile(
  file: Vtsfile,
  labels: readonly (readonly [string, string])[],
  python: { readonly pip: boolean; readonly conda: boolean },
): string {
  const { docker = {}, envs = [], node } = file;
  const base = docker.base_image ?? `node:${node?.version ?? NODE_MAJOR}-slim`;
  const packages = [
    ...(docker.system_packages ?? []),
    ...(python.pip ? ['python3', 'python3-venv'] : []),
    ...(python.conda ? ['bzip2', 'ca-certificates', 'curl'] : []),
  ];
  const build = envs.filter(({ stage }) => stage !== 'runtime').map(pairOf);
  const runtime = [
    ...envs.filter(({ stage }) => stage !== 'build').map(pairOf),
    ...(docker.env ?? []),
  ];
  const parts = [
    [`FROM ${base}`],
    labels.length > 0 ? [`LABEL ${pairs(labels)}`] : [],
    [`ENV NODE_ENV=production PORT=3000 ONNXRUNTIME_NODE_INSTALL=skip`],
    packages.length > 0
      ? [
          'RUN apt-get update \\',
          `    && apt-get install -y --no-install-recommends ${packages.map(shell).join(' ')} \\`,
          '    && rm -rf /var/lib/apt/lists/*',
        ]
      : [],
    // An image of another base may lack the user that Node's images have.
    [
      'RUN id node >/dev/null 2>&1 || useradd --create-home --uid 1000 node',
      'WORKDIR /home/node/app',
      ...build.map(([name, value]) => `ARG ${name}=${quote(value)}`),
    ],
    docker.setup_script === undefined
      ? []
      : [
          'COPY env/docker/setup_script /tmp/setup_script',
          'RUN chmod +x /tmp/setup_script && /tmp/setup_script',
        ],
    python.conda ? condaLines(docker.python_version) : [],
    python.pip ? pipLines(file.python, docker.python_version) : [],
    [
      'COPY --chown=node:node package.json package-lock.json .npmrc ./',
      // The brackets make a folder that may be missing none that has to be there.
      'COPY --chown=node:node vendo[r] ./vendor/',
      'RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force',
      'COPY --chown=node:node . .',
    ],
    runtime.length > 0 ? [`ENV ${pairs(runtime)}`] : [],
    [
      'USER node',
      'EXPOSE 3000',
      'HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["node", "healthcheck.mjs"]',
      'CMD ["node", "start.mjs"]',
    ],
  ];
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function pipLines(python: PythonSettings | undefined, version: string | undefined): string[] {
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

function pairOf({ name, value }: { name: string; value: string }): readonly [string, string] {
  return [name, value];
}

function pairs(entries: readonly (readonly [string, string])[]): string {
  return entries.map(([name, value]) => `${key(name)}=${quote(value)}`).join(' ');
}

/** Names of labels may have what an instruction would split at. */
function key(name: string): string {
  return /^[\w.\-/]+$/.test(name) ? name : quote(name);
}

function quote(value: string): string {
  const escaped = value.replace(/[\\"$]/g, '\\$&').replace(/\r?\n/g, ' ');
  return `"${escaped}"`;
}

/** A word of a shell's line. */
function shell(word: string): string {
  return /^[\w.+:=~\-/]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
