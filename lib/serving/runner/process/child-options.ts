/** Options of Node that apply to only one process, or that run something other than the program. */
const WITH_VALUE = [
  '--inspect-port',
  '--debug-port',
  '--eval',
  '-e',
  '--print',
  '-p',
  '-pe',
  '--input-type',
  '--watch-path',
  '--test-name-pattern',
  '--test-reporter',
  '--test-reporter-destination',
];
const ALONE =
  /^--(inspect|debug|watch|test|cpu-prof|heap-prof|heapsnapshot|prof$|check$|interactive$|build-snapshot|experimental-sea)|^-[ci]$/;

/**
 * The parent's Node options that a child needs: those for loading and running code, such as
 * `--import` and `--max-old-space-size`, but not an inspector port or another program.
 */
export function childExecArgv(parent: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < parent.length; i++) {
    const option = parent[i] as string;
    const [name = ''] = option.split('=', 1);
    if (WITH_VALUE.includes(name)) {
      if (!option.includes('=')) i++;
    } else if (!ALONE.test(name)) kept.push(option);
  }
  return kept;
}

/** The environment of a child: its parent's, with NODE_OPTIONS reduced in the same way. */
export function childEnv(parent: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: options, ...env } = parent;
  if (options === undefined) return env;
  // Values may be quoted, and then contain spaces.
  const kept = childExecArgv(options.match(/(?:[^\s"]|"(?:\\.|[^"\\])*")+/g) ?? []);
  return { ...env, NODE_OPTIONS: kept.join(' ') };
}
