import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Case, Contestant, Setting } from '../case.js';
import { HOMES } from '../learners.js';
import type { Package } from '../package.js';
import { rowsOf, type Row } from '../programs/rows.js';
import { startService } from '../services.js';
import type { Server } from '../server.js';

const MIB = 10;
const TYPES: Readonly<Record<string, string>> = {
  CSV: 'text/csv',
  JSON: 'application/json',
  Parquet: 'application/vnd.apache.parquet',
};
const NOTHING = 'nothing';

/** How long the event loop is blocked while a large table arrives, is parsed and predicted. */
export const upload: Case = {
  name: 'upload',
  title: `a table of ${MIB} MiB posted, small requests beside it`,
  variantsAre: 'body',
  variants: [NOTHING, ...Object.keys(TYPES)],
  metrics: {
    pause: { label: 'longest pause', unit: 'ms' },
    p50: { label: 'small requests p50', unit: 'ms' },
    p99: { label: 'p99', unit: 'ms' },
    worst: { label: 'worst', unit: 'ms' },
    whole: { label: 'the table', unit: 'ms' },
  },
  targets: [{ metric: 'pause', atMost: 20, variants: Object.keys(TYPES) }],
  async start(setting) {
    const bodies = await bodiesOf(setting);
    const start = async (from: Package): Promise<Contestant> =>
      contestant(setting, from, await startTables(from), bodies);
    return Promise.all(setting.packages.map(start));
  },
};

function startTables(from: Package): Promise<Server> {
  return startService({
    name: from.name,
    request: { path: '/small', type: 'application/json', body: '[1]' },
    launch: () => from.launch('servers/tables.js', [], { VTS_HOME: HOMES.income }),
  });
}

function contestant(
  { load }: Setting,
  from: Package,
  server: Server,
  bodies: Readonly<Record<string, string>>,
): Contestant {
  const url = `http://127.0.0.1:${server.port}`;
  const small = { port: server.port, path: '/small', type: 'application/json', body: '[1]' };
  const post = async (variant: string): Promise<void> => {
    const headers = { 'content-type': TYPES[variant]! };
    const body = await readFile(bodies[variant]!);
    const response = await fetch(`${url}/score`, { method: 'POST', headers, body });
    const answer = await response.text();
    if (!response.ok) throw new Error(`${variant}: ${response.status} ${answer.slice(0, 500)}`);
  };
  return {
    name: from.name,
    async measure(variant, ms) {
      await fetch(`${url}/reset`, { method: 'POST' });
      const start = performance.now();
      // The small requests last a little longer than the table, because some may arrive at the end.
      const beside = load.closed(small, 1, ms);
      let tables = 0;
      if (variant !== NOTHING) {
        for (; tables === 0 || performance.now() - start < ms; tables++) await post(variant);
      }
      const whole = (performance.now() - start) / tables;
      const { median, p99, worst } = await beside;
      const { ms: pause } = (await (await fetch(`${url}/pause`)).json()) as { ms: number };
      return { pause, p50: median, p99, worst, ...(tables > 0 && { whole }) };
    },
    stop: () => server.stop(),
  };
}

/** The same rows in files of each type, with similar sizes. */
async function bodiesOf({ folder }: Setting): Promise<Record<string, string>> {
  const sample = rowsOf(1000);
  const write = async (type: string, bytes: (rows: Row[]) => string | Uint8Array) => {
    const count = Math.ceil((MIB * 2 ** 20 * sample.length) / Buffer.from(bytes(sample)).length);
    const file = join(folder, `table.${type}`);
    await writeFile(file, bytes(rowsOf(count)));
    return file;
  };
  return {
    CSV: await write('CSV', csv),
    JSON: await write('JSON', (rows) => JSON.stringify(rows)),
    Parquet: await write('Parquet', parquet),
  };
}

function csv(rows: readonly Row[]): string {
  const lines = rows.map((row) =>
    Object.values(row)
      .map((cell) => cell ?? '')
      .join(','),
  );
  return [Object.keys(rows[0]!).join(','), ...lines].join('\n');
}

function parquet(rows: readonly Row[]): Uint8Array {
  const columnData = Object.keys(rows[0]!).map((name) => ({
    name,
    data: rows.map((row) => row[name]),
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData, codec: 'UNCOMPRESSED' }));
}
