import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  readonly bytes: number;
}

/** Resident memory of a process and all its descendants. */
export function residentBytes(pid: number): number {
  const all = process.platform === 'linux' ? fromProc() : fromPs();
  const wanted = new Set([pid]);
  // Children come after their parents only as a rule.
  for (let size = 0; size !== wanted.size;) {
    size = wanted.size;
    for (const each of all) if (wanted.has(each.parent)) wanted.add(each.pid);
  }
  return all.reduce((sum, each) => sum + (wanted.has(each.pid) ? each.bytes : 0), 0);
}

function fromProc(): ProcessFacts[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const status = readFileSync(`/proc/${name}/status`, 'utf8');
        const number = (field: string): number =>
          Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
        return [{ pid: Number(name), parent: number('PPid'), bytes: number('VmRSS') * 1024 }];
      } catch {
        // It has just ended.
        return [];
      }
    });
}

function fromPs(): ProcessFacts[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,rss='], { encoding: 'utf8' });
  return lines
    .trim()
    .split('\n')
    .map((line) => {
      const [pid = 0, parent = 0, kilobytes = 0] = line.trim().split(/\s+/).map(Number);
      return { pid, parent, bytes: kilobytes * 1024 };
    });
}
