import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { existsSync, realpathSync } from 'node:fs';
import { stringify } from 'yaml';
import { hasCode, replaceFile, syncTree } from '../../serving/store/durable.js';
import type { ModelStore } from '../../serving/store/index.js';
import { packageVersion } from '../../learner/runtime/package-version.js';
import { Staging } from '../../serving/store/staging.js';
import { isTagPart, LATEST, Tag } from '../../serving/store/tag.js';
import { filesOf, sizeOf } from '../../serving/store/archive/files-of.js';
import { formatMicros, newVersion, nowMicros } from '../../serving/store/version.js';
import { naming } from '../../serving/store/write-errors.js';
import { CommandError } from '../errors.js';
import { captureApp } from './capture.js';
import { collectFiles, isInside } from './collect-files.js';
import { compiledFile, compilerOf } from './compile.js';
import { writeImageFiles } from './image-files.js';
import { writeManifests } from './kubernetes.js';
import { HEALTH_CHECK, launcher, SOURCE, type Service } from './launcher.js';
import {
  OWN_NAME,
  ownPackageFor,
  packageRootOf,
  readPackageJson,
  writePackages,
} from './packages.js';
import { PinnedModels } from './pin-models.js';
import { bundleReadme } from './readme.js';
import type { Vtsfile } from './vtsfile.js';

export const BUNDLES = 'bundles';
export const BUNDLE_YAML = 'bundle.yaml';

export interface BuildOptions {
  readonly name?: string;
  readonly version?: string;
  /** Whether its image leaves out the binaries of other platforms. */
  readonly slim?: boolean | undefined;
  /** Whether to add Kubernetes manifests. */
  readonly kubernetes?: boolean | undefined;
  /** Receives each step as it starts. */
  readonly onStep?: (step: string) => void;
}

export interface BuiltBundle {
  readonly tag: Tag;
  readonly path: string;
  readonly models: readonly string[];
  /** Notes for the user. */
  readonly warnings: readonly string[];
}

/**
 * Builds a bundle in `<home>/bundles/<name>/<version>`: the compiled app, its locked dependencies
 * and its pinned models. It is built in a temporary folder, so it appears complete or not at all.
 */
export async function buildBundle(
  store: ModelStore,
  folder: string,
  file: Vtsfile,
  options: BuildOptions = {},
): Promise<BuiltBundle> {
  const project = resolve(folder);
  const micros = nowMicros();
  const name = bundleName(project, file, options.name);
  const version = options.version ?? file.version ?? newVersion(micros);
  const tag = new Tag(name, version);
  if (tag.version === LATEST) {
    throw new CommandError(`"${LATEST}" cannot be a version`, 'Choose another, or omit it');
  }
  const target = join(store.home, BUNDLES, tag.name, tag.version ?? '');
  if (existsSync(target)) throw bundleExists(tag);
  return naming(store.home, async () => {
    const staging = new Staging(store.home);
    const bundle = realpathSync(await staging.folder('bundle'));
    try {
      const { onStep: step = () => undefined, slim, kubernetes } = options;
      const built = await fill(bundle, {
        store,
        project,
        file,
        tag,
        micros,
        step,
        slim,
        kubernetes,
      });
      await syncTree(bundle);
      await mkdir(dirname(target), { recursive: true });
      await rename(bundle, target).catch((error: unknown) => {
        throw hasCode(error, 'ENOTEMPTY', 'EEXIST') ? bundleExists(tag) : error;
      });
      await replaceFile(join(dirname(target), LATEST), version, staging.path);
      return { tag, path: target, ...built };
    } finally {
      await rm(bundle, { recursive: true, force: true });
    }
  });
}

interface Work extends Pick<BuildOptions, 'slim' | 'kubernetes'> {
  readonly store: ModelStore;
  readonly project: string;
  readonly file: Vtsfile;
  readonly tag: Tag;
  readonly micros: number;
  readonly step: (step: string) => void;
}

async function fill(
  bundle: string,
  { store, project, file, tag, micros, step, slim = false, kubernetes = false }: Work,
): Promise<Pick<BuiltBundle, 'models' | 'warnings'>> {
  step('pinning models');
  const pinned = new PinnedModels(store, bundle);
  for (const model of file.models ?? []) await pinned.add(model);

  step('compiling');
  const service = await copySources(bundle, project, store, file);
  const description =
    file.description ?? readPackageJson(packageRootOf(project) ?? project)?.description;
  const runtime = (file.envs ?? []).filter(({ stage }) => stage !== 'build');
  const start = launcher({
    service,
    title: tag.name,
    version: tag.version ?? '',
    description,
    env: runtime.map(({ name, value }) => [name, value]),
  });
  await writeFile(join(bundle, 'start.mjs'), start);
  await writeFile(join(bundle, 'healthcheck.mjs'), HEALTH_CHECK);

  step('documenting');
  const own = ownPackageFor(project);
  const { document, notStarted } = await captureApp(bundle, project, own, async (tags) => {
    for (const injected of tags) await pinned.add(injected);
  });
  await writeFile(join(bundle, 'openapi.json'), `${JSON.stringify(document, null, 2)}\n`);

  step('locking dependencies');
  await writePackages(bundle, project, {
    name: tag.name,
    version: tag.version ?? '',
    description,
    node: file.node?.version === undefined ? undefined : `>=${file.node.version}`,
  });
  await writeImageFiles(bundle, project, file, slim);
  if (kubernetes) {
    const bytes = sizeOf(await filesOf(join(bundle, 'models')).catch(() => []));
    await writeManifests(bundle, { tag, modelBytes: bytes, serves: service.kind === 'model' });
  }
  const models = pinned.models.map(({ tag: model, info }) => ({
    tag: model.toString(),
    module: info.module,
    creation_time: formatMicros(info.creationMicros),
  }));
  const facts = {
    name: tag.name,
    version: tag.version,
    description,
    service: file.service ?? null,
    vts_version: packageVersion(),
    node_version: process.versions.node,
    creation_time: formatMicros(micros),
    labels: Object.fromEntries(file.labels ?? []),
    models,
    envs: (file.envs ?? []).map(({ name, stage }) => ({ name, stage })),
  };
  await writeFile(join(bundle, BUNDLE_YAML), stringify(facts, { lineWidth: 0 }));
  const readme = bundleReadme({ tag, description, models, document, file, kubernetes });
  await writeFile(join(bundle, 'README.md'), readme);
  const [reason] = notStarted?.split('\n') ?? [];
  return {
    models: models.map((model) => model.tag),
    warnings:
      notStarted === undefined
        ? []
        : [`The app did not start, so its documentation may be incomplete (${reason}).`],
  };
}

/**
 * Puts the project's files into the bundle, with TypeScript compiled. Returns the file to start.
 */
async function copySources(
  bundle: string,
  project: string,
  store: ModelStore,
  file: Vtsfile,
): Promise<Service> {
  if (file.service === undefined) {
    const [model = ''] = file.models ?? [];
    if ((file.models ?? []).length > 1) {
      throw new CommandError(
        'A bundle without a service serves one model only',
        'Name one model, or a service that uses all of them',
      );
    }
    return { kind: 'model', tag: model };
  }
  const [, source = '', module] = /^(.*?)(?::(\w+))?$/.exec(file.service) ?? [];
  const path = resolve(project, source);
  if (!existsSync(path) || !isInside(project, path)) {
    const fact = `The service ${source} is not a file in ${project}`;
    throw new CommandError(fact, 'Correct it in the build file');
  }
  const target = join(bundle, SOURCE);
  const isTypeScript = /\.[cm]?tsx?$/.test(source);
  const compiler = isTypeScript ? await compilerOf(project) : undefined;
  const { include, exclude } = file;
  const without = [store.home, ...(compiler ? [join(project, compiler.outDir)] : [])];
  for (const name of await collectFiles(project, { include, exclude, without })) {
    // The compiled files replace them.
    if (compiler && /(?<!\.d)\.[cm]?tsx?$/.test(name)) continue;
    await copy(join(project, name), join(target, name));
  }
  await writeManifest(project, target);
  await compiler?.compile(target);
  const started = compiler
    ? compiledFile(target, compiler.outDir, relative(project, path))
    : relative(project, path);
  if (!existsSync(join(target, started))) await copy(path, join(target, started));
  return module === undefined
    ? { kind: 'program', file: started }
    : { kind: 'module', file: started, name: module };
}

/** The package.json of the project tells Node how to read the files: as ES modules, or not. */
async function writeManifest(project: string, target: string): Promise<void> {
  const root = packageRootOf(project);
  if (root === undefined) return;
  const copied = join(target, 'package.json');
  const { name, type } = readPackageJson(root) ?? {};
  // In this package's own repository it would also turn the bundle into a second copy of this
  // package.
  if (name === OWN_NAME) await writeFile(copied, JSON.stringify({ private: true, type }));
  else if (!existsSync(copied)) await copy(join(root, 'package.json'), copied);
}

async function copy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}

function bundleExists(tag: Tag): CommandError {
  return new CommandError(`The bundle ${tag} already exists`, 'Give another --version');
}

function bundleName(project: string, file: Vtsfile, given: string | undefined): string {
  if (given !== undefined) return given;
  if (file.name !== undefined) return file.name;
  const root = packageRootOf(project);
  const own = root === project ? readPackageJson(root)?.name : undefined;
  const model = file.service === undefined ? file.models?.[0]?.split(':')[0] : undefined;
  const name = (model ?? own?.replace(/^@[^/]*\//, '') ?? basename(project)).toLowerCase();
  if (isTagPart(name)) return name;
  throw new CommandError(`"${name}" is not a valid bundle name`, 'Give a name in the build file');
}
