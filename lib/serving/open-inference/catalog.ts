import { shortened } from '../../learner/errors/index.js';
import { ModelNotServedError } from './errors.js';
import type { ServedRunner, ServedRunners } from './contract.js';

const LATEST = 'latest';

/**
 * The runner of a model name and version from a client. '' and `latest` stand for the default
 * version.
 *
 * @throws ModelNotServedError
 */
export function servedRunner(runners: ServedRunners, name: string, version: string): ServedRunner {
  const all = runners.list();
  const ofName = all.filter((served) => served.name === name);
  if (ofName.length === 0) {
    throw new ModelNotServedError(name, '', [...new Set(all.map((served) => served.name))]);
  }
  const found =
    version === '' || version === LATEST
      ? (ofName.find(({ latest }) => latest) ?? (ofName.length === 1 ? ofName[0] : undefined))
      : ofName.find((served) => served.version === version);
  if (found !== undefined) return found;
  throw new ModelNotServedError(
    name,
    version === '' ? LATEST : shortened(version),
    ofName.map((served) => served.version),
  );
}

/** The versions of a model. `latest` comes last, where Triton lists the newest one. */
export function versionsOf(runners: ServedRunners, name: string): string[] {
  const ofName = runners.list().filter((served) => served.name === name);
  const ordered = [...ofName].sort((a, b) => Number(a.latest) - Number(b.latest));
  return [...new Set(ordered.map(({ version }) => version))];
}
