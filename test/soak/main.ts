import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { makeFiles, makePictures } from '../fuzz/bodies.js';
import { endpointsOf, type ApiDocument } from '../fuzz/endpoints.js';
import { Gun } from '../fuzz/http.js';
import { canStart, removeSetup } from '../fuzz/sample-setup.js';
import { goodRequests } from './good-requests.js';
import { Load } from './load.js';
import { firstMs, Memory } from './memory.js';
import { Service } from './service.js';
import { Tally } from './tally.js';

// `npm run soak -- --minutes 30`: the samples as processes under good and bad requests. Ends with
// code 0 when every good request was answered right (or shed, with Retry-After), no answer broke
// the contract, nothing was logged as an error, memory was flat after the first minutes, and every
// process ended in order.
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    samples: { type: 'string' },
    seed: { type: 'string' },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed ?? Date.now() % 2 ** 30);
if (!(minutes > 0)) throw new Error('Give --minutes a number above 0.');

/** Seconds between collections; what is resident is read a second later. */
const COLLECT_EVERY = 10;

interface Patient {
  readonly service: Service;
  readonly load: Load;
  readonly tally: Tally;
  readonly memory: Memory;
}

const names = readdirSync('sample')
  .filter((name) => existsSync(`sample/${name}/src/main.ts`))
  .filter((name) => values.samples?.split(',').includes(name) ?? canStart(name))
  .sort();
const files = await makeFiles(await makePictures());

const patients: Patient[] = [];
try {
  for (const name of names) patients.push(await admit(name));
  process.exitCode = (await soak()) ? 0 : 1;
} catch (error) {
  for (const { service } of patients) service.child.kill('SIGKILL');
  throw error;
} finally {
  await removeSetup();
}

async function admit(name: string): Promise<Patient> {
  const service = await Service.start(name);
  const document = (await (await fetch(`${service.url}/docs-json`)).json()) as ApiDocument;
  const endpoints = endpointsOf(name, service.port, document);
  const gun = new Gun(service.port);
  const good = await goodRequests(name, endpoints, (shot) => gun.fire(shot));
  gun.close();
  const bodies = [...files, ...endpoints.map((endpoint) => endpoint.good.body as Uint8Array)];
  const tally = new Tally();
  const load = new Load(service.port, good, endpoints, bodies, tally, seed);
  return { service, load, tally, memory: new Memory(minutes) };
}

async function soak(): Promise<boolean> {
  console.log(`soak: ${names.join(', ')}; ${minutes} min, seed ${seed}`);
  const start = performance.now();
  let over = false;
  const watching = watch(start, () => over);
  await Promise.all(patients.map(({ load }) => load.run(minutes * 60_000, firstMs(minutes))));
  over = true;
  await watching;
  const left = await Promise.all(patients.map(({ service }) => leftOver(service)));
  const ends = await Promise.all(
    patients.map(({ service }) =>
      service.stop().then(
        () => undefined,
        (error: Error) => error.message,
      ),
    ),
  );
  const problems = patients.flatMap((patient, index) => [
    ...problemsOf(patient),
    ...(left[index] ? [`${patient.service.name}: ${left[index]}`] : []),
    ...(ends[index] === undefined ? [] : [ends[index]]),
  ]);
  console.log(summary());
  for (const problem of problems) console.log(`FAULT ${problem}`);
  console.log(problems.length === 0 ? 'soak: passed' : `soak: failed, ${problems.length} faults`);
  return problems.length === 0;
}

/** Memory every second, a line a minute. */
async function watch(start: number, over: () => boolean): Promise<void> {
  for (let second = 1; !over(); second++) {
    await delay(Math.max(0, start + second * 1000 - performance.now()));
    for (const { service, memory, load } of patients) {
      if (service.died === undefined) {
        memory.add(performance.now() - start, service.residentBytes, second % COLLECT_EVERY === 1);
        if (second % COLLECT_EVERY === 0) service.collect();
      } else load.stop();
    }
    if (second % 60 !== 0) continue;
    const each = patients.map(
      ({ service, tally, memory }) =>
        `${service.name.slice(0, 2)}: ${tally.good}+${tally.bad} ${mib(memory.last)}` +
        `${tally.shed > 0 ? ` shed ${tally.shed}` : ''}${tally.faults > 0 ? ` FAULTS ${tally.faults}` : ''}`,
    );
    console.log(`${String(second / 60).padStart(3)} min  ${each.join('  ')}`);
  }
}

/** What a service still does when nobody asks it any more. */
async function leftOver(service: Service): Promise<string | undefined> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (service.died !== undefined) return `died with ${service.died}`;
    const inHand = await service.inHand().catch(() => NaN);
    if (inHand === 0) return undefined;
    await delay(100);
  }
  return 'calls are in progress 10 s after the last request';
}

function problemsOf({ service, tally, memory }: Patient): string[] {
  const problems = tally.examples.map((example) => `${service.name}: ${example}`);
  if (tally.faults > tally.examples.length) {
    problems.push(`${service.name}: ${tally.faults - tally.examples.length} more`);
  }
  problems.push(...service.errors.map((line) => `${service.name} logged: ${line}`));
  if (service.died !== undefined && !service.died.startsWith('code 0,')) {
    problems.push(`${service.name} said: ${service.lastWords.join('\n  ')}`);
  }
  if (tally.good === 0) problems.push(`${service.name}: no good request was answered`);
  if (memory.growth > memory.mostGrowth) {
    problems.push(`${service.name}: memory grew by ${percent(memory.growth)}`);
  }
  return problems;
}

function summary(): string {
  const head = [
    'sample',
    'good',
    'shed',
    'bad',
    'faults',
    'p50 ms',
    'p99 ms',
    'MiB after',
    'MiB end',
    'most',
    'growth',
    'statuses',
  ];
  const rows = patients.map(({ service, tally, memory }) => {
    const [after, end] = memory.medians;
    const statuses = [...tally.statuses].sort((a, b) => b[1] - a[1]);
    return [
      service.name,
      String(tally.good),
      String(tally.shed),
      String(tally.bad),
      String(tally.faults),
      tally.quantile(0.5).toFixed(1),
      tally.quantile(0.99).toFixed(1),
      mib(after),
      mib(end),
      mib(memory.most),
      percent(memory.growth),
      statuses.map(([status, count]) => `${status}:${count}`).join(' '),
    ];
  });
  const widths = head.map((title, index) =>
    Math.max(title.length, ...rows.map((row) => (row[index] ?? '').length)),
  );
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
