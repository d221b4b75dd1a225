/** The program of the built package, which exists once it has been built. */
const RUN = new URL('../../dist/lib/cli/run.js', import.meta.url).href;

/**
 * Commands of the built `vts` in this process: each costs its own work, and not the start of Node.
 *
 * @param home The folder of the store.
 * @returns A function that runs a command. It gives the command's output, and throws if the command
 * fails.
 */
export function commands(home: string): (args: readonly string[]) => Promise<string> {
  return async (args) => {
    const { runCli } = (await import(RUN)) as {
      runCli: (args: readonly string[]) => Promise<number>;
    };
    const { stdout, stderr } = process;
    const [write, complain, listeners] = [stdout.write, stderr.write, stdout.listeners('error')];
    let [said, told] = ['', ''];
    stdout.write = (chunk: string | Uint8Array) => Boolean((said += String(chunk)));
    stderr.write = (chunk: string | Uint8Array) => Boolean((told += String(chunk)));
    let code: number;
    try {
      code = await runCli([...args, '--home', home]);
    } finally {
      stdout.write = write;
      stderr.write = complain;
      for (const listener of stdout.listeners('error')) {
        if (!listeners.includes(listener)) stdout.off('error', listener as () => void);
      }
    }
    if (code !== 0) throw new Error(`vts ${args.join(' ')} ended with ${code}: ${told}`);
    return said;
  };
}
