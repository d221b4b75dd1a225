import type { Value } from '../values.js';
import { refused } from '../builtins/define.js';

const OUTSIDE = 'is not supported: the code of a learner cannot reach anything outside of it';

/** Modules of Python that cannot exist here, with the reason. */
export const REFUSED_MODULES: ReadonlyMap<string, string> = new Map([
  ['random', 'is not supported: random values make predictions that cannot be repeated'],
  ['secrets', 'is not supported: random values make predictions that cannot be repeated'],
  ['time', 'is not supported: predictions may not depend on the time'],
  ...[
    'os',
    'sys',
    'io',
    'subprocess',
    'shutil',
    'socket',
    'requests',
    'urllib',
    'glob',
    'tempfile',
    'pickle',
  ].map((name): [string, string] => [name, OUTSIDE]),
]);

const made = new Map<string, Value>();

/** A name of such a module; calling it throws. */
export function refusedName(module: string, name: string): Value | undefined {
  const why = REFUSED_MODULES.get(module);
  if (why === undefined) return undefined;
  const qualified = `${module}.${name}`;
  let value = made.get(qualified);
  // Names come from files, so only some are cached.
  if (value === undefined) {
    value = refused(qualified, why);
    if (made.size < 200) made.set(qualified, value);
  }
  return value;
}
