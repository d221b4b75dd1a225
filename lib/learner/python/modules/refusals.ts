import type { Value } from '../values.js';
import { refused } from '../builtins/define.js';

const OUTSIDE = 'is not known here: code of a learner reaches nothing outside of it';

/** Modules that are there in Python and cannot be here, with the reason. */
export const REFUSED_MODULES: ReadonlyMap<string, string> = new Map([
  ['random', 'is not known here: what is random makes predictions that cannot be repeated'],
  ['secrets', 'is not known here: what is random makes predictions that cannot be repeated'],
  ['time', 'is not known here: predictions may not depend on the time'],
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

/** A name of such a module: an error where it is called. */
export function refusedName(module: string, name: string): Value | undefined {
  const why = REFUSED_MODULES.get(module);
  if (why === undefined) return undefined;
  const qualified = `${module}.${name}`;
  let value = made.get(qualified);
  // Names come from files, so that they are not all kept.
  if (value === undefined) {
    value = refused(qualified, why);
    if (made.size < 200) made.set(qualified, value);
  }
  return value;
}
