import { CommanderError } from 'commander';
import { describeFailure } from './errors.js';
import { complain, warn } from './output/print.js';
import { createProgram } from './program.js';

/** Runs a command of `vts`; returns its exit code. */
export async function runCli(args: readonly string[]): Promise<number> {
  tellWarnings();
  // A reader that has seen enough, such as `head`, closes the pipe.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  try {
    await createProgram().parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Commander has already reported the wrong arguments, or printed the help.
    if (error instanceof CommanderError) return error.exitCode;
    complain(describeFailure(error));
    if (args.includes('--debug')) console.error(error);
    return 1;
  }
}

const OWN_WARNINGS = ['VtsWarning', 'MinProbabilityWarning'];

/** Warnings of this package become lines of the command. Node's own do not change. */
function tellWarnings(): void {
  const others = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (OWN_WARNINGS.includes(warning.name)) warn(warning.message);
    else for (const listener of others) listener.call(process, warning);
  });
}
