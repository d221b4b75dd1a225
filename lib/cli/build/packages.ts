import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { CommandError } from '../errors.js';
import { findTool, runTool, type ToolResult } from './run-tool.js';

export const OWN_NAME = 'nestjs-vts';
/** Folder of packages that no registry has. */
const VENDOR = 'vendor';
/** A specifier that means a folder or file of this machine. */
const LOCAL = /^(?:file:|link:|portal:|workspace:|\.{0,2}\/|~\/)/;

type Dependencies = Record<string, string>;
/** Packs a package into the bundle, and returns its specifier. */
type Vendor = (folder: string) => Promise<string>;

export interface PackageJson {
  readonly name?: string;
  readonly version?: string;
  readonly type?: string;
  readonly description?: string;
  readonly dependencies?: Dependencies;
  readonly optionalDependencies?: Dependencies;
  readonly peerDependencies?: Dependencies;
  readonly overrides?: object;
  readonly allowScripts?: object;
}

export function readPackageJson(folder: string): PackageJson | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson;
  } catch {
    return undefined;
  }
}

/** The folder with the package.json that a folder belongs to. */
export function packageRootOf(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json'))) return at;
    if (at === dirname(at)) return undefined;
  }
}

/** The folder of this package for a project: the project's own copy, or else the running one. */
export function ownPackageFor(project: string): string {
  const root = packageRootOf(project);
  if (root !== undefined && readPackageJson(root)?.name === OWN_NAME) return root;
  const running = createRequire(import.meta.url).resolve(`${OWN_NAME}/package.json`);
  return installed(project, OWN_NAME) ?? dirname(running);
}

/**
 * Gives a bundle its package.json and its lockfile, with the installed versions. Packages from no
 * registry (this one before its publication, links, folders) are packed into the bundle.
 */
export async function writePackages(
  bundle: string,
  project: string,
  facts: { name: string; version: string; description?: string; node?: string },
): Promise<void> {
  const npm = findTool('npm');
  if (npm === undefined) {
    throw new CommandError('npm is not on the PATH', 'Install npm, which writes the lockfile');
  }
  const root = packageRootOf(project);
  const own = root === undefined ? undefined : readPackageJson(root);
  const wanted: Dependencies = {
    [OWN_NAME]: '*',
    // In this package's own repository an app needs what users install beside the package.
    ...(own?.name === OWN_NAME ? own.peerDependencies : own?.dependencies),
  };
  const vendor: Vendor = (folder) => vendored(npm, bundle, folder);
  const dependencies = await pin(wanted, project, vendor);
  const optional = await pin(own?.optionalDependencies ?? {}, project, vendor);
  const json = {
    name: facts.name,
    // A version of the store is not a version for npm.
    version: '0.0.0',
    private: true,
    type: 'module',
    description: facts.description ?? `The bundle ${facts.name}:${facts.version}.`,
    scripts: { start: 'node start.mjs' },
    engines: { node: facts.node ?? '^20.19.0 || >=22.12.0' },
    dependencies,
    ...(Object.keys(optional).length > 0 ? { optionalDependencies: optional } : {}),
    ...(own?.overrides ? { overrides: own.overrides } : {}),
    // Its script only fetches files for CUDA.
    allowScripts: { ...own?.allowScripts, 'onnxruntime-node': false },
  };
  await writeFile(join(bundle, 'package.json'), `${JSON.stringify(json, null, 2)}\n`);
  // For npm 10, which does not know allowScripts.
  await writeFile(join(bundle, '.npmrc'), 'onnxruntime-node-install=skip\n');
  await lock(npm, bundle, root);
}

/** Makes the lockfile of a bundle, from that of the project if it has one. */
async function lock(npm: string, bundle: string, root: string | undefined): Promise<void> {
  const own = root === undefined ? undefined : join(root, 'package-lock.json');
  const target = join(bundle, 'package-lock.json');
  if (own !== undefined && existsSync(own)) {
    await copyFile(own, target);
    const made = await runNpm(npm, bundle, 'install', '--package-lock-only');
    // A lockfile may lack the packages of other platforms. npm would refuse the result.
    if (made.code === 0 && (await runNpm(npm, bundle, 'ci', '--dry-run')).code === 0) return;
    await rm(target, { force: true });
  }
  const { code, stderr } = await runNpm(npm, bundle, 'install', '--package-lock-only');
  if (code === 0) return;
  const [first] = stderr.trim().split('\n');
  const reason = /npm error (?!code|A complete)(.+)/.exec(stderr)?.[1] ?? first;
  throw new CommandError(
    `npm cannot write the lockfile: ${reason}`,
    'Check the registry and the dependencies of the project',
  );
}

function runNpm(npm: string, bundle: string, ...command: string[]): Promise<ToolResult> {
  const options = ['--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  return runTool(npm, [...command, ...options, '--loglevel=error'], { cwd: bundle });
}

/** The dependencies with their installed versions. */
async function pin(wanted: Dependencies, project: string, vendor: Vendor): Promise<Dependencies> {
  const pinned: Dependencies = {};
  for (const [name, spec] of Object.entries(wanted)) {
    const folder = name === OWN_NAME ? ownPackageFor(project) : installed(project, name);
    const version = folder === undefined ? undefined : readPackageJson(folder)?.version;
    if (folder === undefined || version === undefined) pinned[name] = spec;
    else if (isLocal(spec, folder, name)) pinned[name] = await vendor(folder);
    else pinned[name] = exact(spec, version);
  }
  return pinned;
}

function exact(spec: string, version: string): string {
  const alias = /^(npm:@?[^@]+)(?:@|$)/.exec(spec);
  if (alias) return `${alias[1]}@${version}`;
  // Versions of git and of URLs are in the specifier.
  return /[:/]/.test(spec) ? spec : version;
}

/** Whether a package is a folder, a link or a file of this machine. */
function isLocal(spec: string, folder: string, name: string): boolean {
  if (LOCAL.test(spec)) return true;
  const real = realpathSync(folder);
  if (!/[\\/]node_modules[\\/]/.test(real)) return true;
  return !resolvedInRegistry(real, name);
}

/** npm's own record decides. A package that npm did not install counts as one from a registry. */
function resolvedInRegistry(folder: string, name: string): boolean {
  const modules = folder.slice(0, folder.length - name.length);
  try {
    const lock = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')) as {
      packages?: Record<string, { resolved?: string }>;
    };
    const resolved = lock.packages?.[`node_modules/${name}`]?.resolved;
    return resolved === undefined || /^https?:/.test(resolved);
  } catch {
    return true;
  }
}

/** The folder of an installed package, as Node finds it from a project. */
function installed(project: string, name: string): string | undefined {
  const modules = createRequire(join(project, 'package.json')).resolve.paths(name) ?? [];
  return modules
    .map((folder) => join(folder, name))
    .find((folder) => existsSync(join(folder, 'package.json')));
}

/** Packs the package of a folder into a bundle, and returns the specifier of the archive. */
async function vendored(npm: string, bundle: string, folder: string): Promise<string> {
  const target = join(bundle, VENDOR);
  await mkdir(target, { recursive: true });
  const { code, stdout, stderr } = await runTool(
    npm,
    ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', target],
    { cwd: realpathSync(folder) },
  );
  const file = code === 0 ? packedFile(stdout) : undefined;
  if (file !== undefined) return `file:${VENDOR}/${file}`;
  throw new CommandError(
    `npm cannot pack ${folder}: ${stderr.trim().split('\n')[0]}`,
    'Check that package',
  );
}

function packedFile(json: string): string | undefined {
  const [first] = Object.values(JSON.parse(json) as { filename?: string }[]);
  return first?.filename?.replace(/^@/, '').replace('/', '-');
}
