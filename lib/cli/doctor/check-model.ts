import { MODULE_REMEDY, UnsupportedModuleError } from '../../learner/onnx/errors.js';
import { lowerings } from '../../learner/onnx/lowering/registry.js';
import type { Module } from '../../learner/torch/module.js';
import type { KeepableOptions } from '../../serving/models/kept/keep-options.js';
import { architectureOf, type ModuleFacts } from '../inspect/architecture.js';
import type { Findings } from './findings.js';

const MOST_PATHS = 3;

/** Libraries whose modules lower their own children. */
const LIBRARY = /^(torch|torchvision|timm|tsai|timeseries(_fastai)?|fastai|fastcore)\./;

type Place = Pick<ModuleFacts, 'path' | 'class'>;

/**
 * Every class of a model that cannot be lowered, with its places in the model.
 *
 * @returns The user's own modules inside modules that lower their contents. Only lowering shows
 *   whether they can be lowered.
 */
export async function checkModules(
  model: Module,
  findings: Findings,
  { code }: KeepableOptions,
): Promise<readonly Place[]> {
  const read = () => architectureOf(model, code !== undefined);
  const modules = (await findings.attemptLater('model', read)) ?? [];
  addModules(
    modules.filter(({ lowering }) => !lowering),
    findings,
  );
  return modules.filter(
    ({ class: name, lowering }) => lowering && !lowerings.has(name) && !LIBRARY.test(name),
  );
}

/**
 * Adds an error of lowering. A module of an unknown class also adds the other modules of that
 * class.
 */
export function addLoweringError(
  error: unknown,
  suspects: readonly Place[],
  findings: Findings,
): void {
  if (!(error instanceof UnsupportedModuleError) || error.reason !== undefined) {
    findings.report('model', error);
    return;
  }
  const { path, className } = error;
  const others = suspects.filter((other) => other.path !== path);
  addModules([{ path, class: className }, ...others], findings);
}

function addModules(modules: readonly Place[], findings: Findings): void {
  const byClass = new Map<string, string[]>();
  for (const { path, class: name } of modules) {
    byClass.set(name, [...(byClass.get(name) ?? []), path]);
  }
  const [first] = modules;
  if (first === undefined) return;
  const { code, message } = new UnsupportedModuleError(first.path, first.class);
  if (modules.length === 1) {
    findings.add('model', code, message);
    return;
  }
  // All have the same remedy, so it comes after the facts.
  const all = [...byClass].map(([name, paths]) => `${name} (${places(paths)})`).join(', ');
  const count = byClass.size === 1 ? 'a class' : `${byClass.size} classes`;
  findings.add(
    'model',
    code,
    `The model has modules of ${count} that cannot be converted to a graph here: ${all}. ${MODULE_REMEDY}`,
  );
}

function places(paths: readonly string[]): string {
  const shown = paths
    .slice(0, MOST_PATHS)
    .map((path) => (path === '' ? 'the model itself' : `"${path}"`));
  const rest = paths.length - shown.length;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
