import { readdirSync, readFileSync } from 'node:fs';

/** Process ids of the children of a process; only where there is a `/proc`. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent);
}

/** True while there is a process of that id that has not ended, nor waits to be noticed. */
export function isAlive(pid: number): boolean {
  return !['Z', 'X', undefined].includes(stat(pid)?.[0]);
}

function parentOf(pid: number): number | undefined {
  const ppid = stat(pid)?.[1];
  return ppid === undefined ? undefined : Number(ppid);
}

/** State, parent, ... of a process. The name before them may hold anything. */
function stat(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
