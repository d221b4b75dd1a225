import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Case, Contestant, Sample, Setting } from '../case.js';
import { learnerFile } from '../learners.js';
import { THIS, type Package } from '../package.js';
import { askOnce, Child } from '../program.js';
import type { InProcessAnswer, InProcessQuestion } from '../programs/in-process.js';
import { rowsOf } from '../programs/rows.js';

const ROWS = 1_000_000;
const GROUP_ROWS = 100_000;
const IN_MEMORY = 'getPreds in memory';
const WORKERS: Readonly<Record<string, number>> = { '1 worker': 1, '2 workers': 2 };
const FIRST = '1 worker';

/** `vts batch` of a million rows, including its start, against rows that are already in memory. */
export const batch: Case = {
  name: 'batch',
  title: `vts batch of ${ROWS.toLocaleString('en')} rows of a table, Parquet to Parquet, from start to end`,
  variantsAre: 'workers',
  variants: Object.keys(WORKERS),
  metrics: {
    rate: { label: 'rows', unit: '/s' },
    memory: { label: 'most resident memory', unit: 'MiB' },
  },
  targets: [
    { metric: 'rate', against: IN_MEMORY, atLeast: 0.6, variants: [FIRST] },
    { metric: 'memory', atMost: 400, variants: [FIRST] },
  ],
  rounds: 3,
  fresh: true,
  async start(setting) {
    const file = await learnerFile('adult_income', 'income', setting);
    const table = join(setting.folder, 'rows.parquet');
    await writeFile(table, million());
    const own = setting.packages.map((from) => command(from, file, table, setting));
    return [...own, inMemory(file), ...byFastai(setting, file, table)];
  },
};

/** The rows of the tabular cases, repeated. */
function million(): Uint8Array {
  const rows = rowsOf(GROUP_ROWS);
  const columnData = Object.keys(rows[0]!).map((name) => ({
    name,
    data: Array.from({ length: ROWS }, (_, at) => rows[at % GROUP_ROWS]![name] ?? null),
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: GROUP_ROWS }));
}

function command(from: Package, file: string, table: string, { folder }: Setting): Contestant {
  return {
    name: from.name,
    async measure(variant): Promise<Sample> {
      const out = join(folder, 'scored.parquet');
      const workers = ['--workers', String(WORKERS[variant]!)];
      const args = ['batch', file, table, '--out', out, ...workers, '--force'];
      const begin = performance.now();
      const child = new Child(from.launchFile('dist/lib/cli/main.js', args));
      child.process.stdout!.resume();
      const memory = await mostMemory(child);
      const seconds = (performance.now() - begin) / 1000;
      if (child.process.exitCode !== 0) throw child.fault();
      return { rate: ROWS / seconds, memory };
    },
  };
}

/** MiB, as Linux keeps them until the process ends. */
async function mostMemory({ process: child }: Child): Promise<number> {
  let most = 0;
  while (child.exitCode === null && child.signalCode === null) {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      most = Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1] ?? 1024 * most) / 1024;
    } catch {
      // The process has ended, or the system does not have this file.
    }
    await setTimeout(20);
  }
  return most;
}

function inMemory(file: string): Contestant {
  return {
    name: IN_MEMORY,
    async measure(variant, ms): Promise<Sample | undefined> {
      if (variant !== FIRST) return undefined;
      const question: InProcessQuestion = { item: { rows: GROUP_ROWS, as: 'frame' }, ms };
      const launch = THIS.launch('programs/in-process.js', [file]);
      const { items, second } = await askOnce<InProcessAnswer>(launch, question);
      return { rate: (1000 * items) / second };
    },
  };
}

/** `learn.dls.test_dl(df)` and `get_preds`. The file was read before, and nothing is written. */
function byFastai(setting: Setting, file: string, table: string): Contestant[] {
  const found = setting.pythons.find('fastai', ['fastai', 'pyarrow']);
  if ('missing' in found) {
    setting.skip(found.missing);
    return [];
  }
  const launch = { command: found.python, args: [THIS.path('bench/peers/fastai_batch.py')] };
  return [
    {
      name: 'fastai',
      async measure(variant): Promise<Sample | undefined> {
        if (variant !== FIRST) return undefined;
        const { seconds, memory } = await askOnce<{ seconds: number; memory: number }>(launch, {
          file,
          table,
        });
        return { rate: ROWS / seconds, memory };
      },
    },
  ];
}
