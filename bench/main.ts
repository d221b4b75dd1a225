import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { CASES } from './cases.js';
import { buildOther, removeOther } from './compare.js';
import { LoadGenerator } from './load/generator.js';
import { measure } from './measure.js';
import { parseOptions, UsageError, type BenchOptions } from './options.js';
import { THIS, type Package } from './package.js';
import { Pythons } from './peers/pythons.js';
import { writePages } from './report/pages.js';
import { machine, type Run } from './report/run.js';
import { resultOf, type CaseResult } from './report/results.js';
import { print } from './report/tables.js';

/** Runs the cases. The result of each case appears when it is finished. */
async function runCases(
  { names, rounds, seconds, docs }: BenchOptions,
  packages: readonly Package[],
  folder: string,
): Promise<{ results: CaseResult[]; failed: boolean }> {
  const load = new LoadGenerator();
  const pythons = new Pythons();
  const results: CaseResult[] = [];
  let failed = false;
  for (const one of CASES) {
    if (names.length > 0 && !names.includes(one.name)) continue;
    const skipped = new Set<string>();
    const skip = (sentence: string): void => void skipped.add(sentence);
    try {
      const setting = { packages, folder, pythons, load, skip };
      const rows = await measure(one, setting, {
        ...(rounds !== undefined && { rounds }),
        ...(seconds !== undefined && { seconds }),
      });
      const result = resultOf(one, rows, [...skipped]);
      results.push(result);
      console.log(print(result));
      // One after the other, so that an interrupted run keeps its results.
      if (docs)
        await writePages(THIS.root, { machine: machine(), compare: undefined, cases: [result] });
    } catch (error) {
      failed = true;
      console.error(`\n${one.name} failed:`, error);
    }
  }
  await load.stop();
  return { results, failed };
}

async function main(): Promise<number> {
  const options = parseOptions(
    process.argv.slice(2),
    CASES.map(({ name }) => name),
  );
  if (options.list) {
    for (const { name, title } of CASES) console.log(`${name.padEnd(18)} ${title}`);
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-vts-bench-'));
  // Also if a signal ends the run.
  process.once('exit', () => {
    if (options.compare !== undefined) removeOther(folder);
    rmSync(folder, { recursive: true, force: true });
  });
  const packages = [THIS];
  if (options.compare !== undefined) packages.push(buildOther(options.compare, folder));
  const { results, failed } = await runCases(options, packages, folder);
  const run: Run = { machine: machine(), compare: options.compare, cases: results };
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(run)}\n`);
  const missed = results.some(({ targets }) => targets.some(({ met }) => !met));
  return failed || (options.check && missed) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else if (error instanceof UsageError) {
    console.error(error.message);
    process.exitCode = 2;
  } else throw error;
}
