import { Command, CommanderError } from 'commander';

export interface BenchOptions {
  /** Names of cases; none for all. */
  readonly names: readonly string[];
  readonly list: boolean;
  readonly rounds?: number;
  /** Of one turn. */
  readonly seconds?: number;
  /** The file for the results. */
  readonly json?: string;
  /** The other commit. */
  readonly compare?: string;
  readonly check: boolean;
  readonly docs: boolean;
}

/** The error for an invalid option, in one sentence. */
export class UsageError extends Error {}

const MOST_ROUNDS = 1000;
const MOST_SECONDS = 3600;

/**
 * Reads the arguments of `npm run bench`.
 *
 * @throws UsageError. Undefined if help was requested and has been written.
 */
export function parseOptions(args: readonly string[], cases: readonly string[]): BenchOptions {
  const command = new Command('npm run bench --')
    .description('Measures this package against its limits, in turns within one run.')
    .argument('[name...]', 'cases; default: all')
    .option('--list', 'names the cases', false)
    .option('--rounds <count>', 'turns of each contestant', number('--rounds', MOST_ROUNDS, true))
    .option('--seconds <seconds>', 'length of a turn', number('--seconds', MOST_SECONDS, false))
    .option('--json <file>', 'writes all turns to a file')
    .option('--compare <ref>', 'builds another commit and gives its package turns as well')
    .option('--check', 'exits with 1 where a target is missed', false)
    .option('--docs', 'writes the results into docs/performance.md and README.md', false)
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode !== 0) {
      throw new UsageError(`${error.message.replace(/^error: /, '')}; --help lists the options.`);
    }
    throw error;
  }
  const options = { ...command.opts<Omit<BenchOptions, 'names'>>(), names: command.args };
  const unknown = options.names.find((name) => !cases.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`No case is named "${unknown}"; the cases are ${cases.join(', ')}.`);
  }
  if (options.docs && options.compare !== undefined) {
    throw new UsageError('--docs writes the numbers of one commit; leave out --compare.');
  }
  return options;
}

function number(option: string, most: number, whole: boolean): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? NaN : Number(text);
    if (value > 0 && value <= most && (!whole || Number.isInteger(value))) return value;
    const kind = whole ? 'a whole number' : 'a number';
    throw new UsageError(`${option} takes ${kind} above 0 up to ${most}, not "${text}".`);
  };
}
