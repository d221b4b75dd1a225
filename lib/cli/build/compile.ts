import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { CommandError } from '../errors.js';
import { isInside } from './collect-files.js';
import { runTool } from './run-tool.js';

/** The compiler writes only JavaScript, whatever the tsconfig says. */
const FLAGS = (
  '--noEmit false --noEmitOnError true --declaration false --declarationMap false ' +
  '--incremental false --composite false --pretty false'
).split(' ');

/** The TypeScript compiler of a project. `outDir` is relative to the project. */
export interface Compiler {
  readonly outDir: string;
  /** Compiles into a folder that replaces the project's output folder. */
  compile(target: string): Promise<void>;
}

/** @throws CommandError if the project has no tsconfig or no compiler. */
export async function compilerOf(project: string): Promise<Compiler> {
  const tsconfig = ['tsconfig.build.json', 'tsconfig.json'].find((name) =>
    existsSync(join(project, name)),
  );
  if (!tsconfig) {
    const remedy = 'Add one, or name a compiled file as the service';
    throw new CommandError(`No tsconfig.json in ${project}`, remedy);
  }
  const tsc = tscOf(project);
  const run = (args: readonly string[]) =>
    runTool(process.execPath, [tsc, '-p', tsconfig, ...args], { cwd: project });
  const shown = await run(['--showConfig']);
  const { compilerOptions = {} } = JSON.parse(shown.code === 0 ? shown.stdout : '{}') as {
    compilerOptions?: { outDir?: string };
  };
  const outDir = relative(project, resolve(project, compilerOptions.outDir ?? 'dist'));
  if (outDir === '' || !isInside(project, resolve(project, outDir))) {
    const fact = `The outDir of ${tsconfig} is not a folder in ${project}`;
    throw new CommandError(fact, 'Set outDir to dist');
  }
  return {
    outDir,
    compile: async (target) => {
      const { code, stdout, stderr } = await run(['--outDir', join(target, outDir), ...FLAGS]);
      if (code === 0) return;
      const [first = 'no reason given'] = (stdout || stderr).trim().split('\n');
      throw new CommandError(`The project does not compile: ${first}`, 'Fix it and build again');
    },
  };
}

/** The compiled file of a source file, by its path under the output folder. */
export function compiledFile(target: string, outDir: string, source: string): string {
  const compiled = source.replace(/\.([cm]?)tsx?$/, '.$1js');
  const segments = compiled.split(/[\\/]/).filter((segment) => segment !== '.');
  // The compiler leaves out the folders that all sources have in common.
  for (let skip = 0; skip < segments.length; skip++) {
    const path = join(outDir, ...segments.slice(skip));
    if (existsSync(join(target, path))) return path;
  }
  throw new CommandError(
    `The compiler wrote no file for ${source}`,
    'Name a file that the tsconfig includes',
  );
}

function tscOf(project: string): string {
  try {
    return createRequire(join(project, 'package.json')).resolve('typescript/bin/tsc');
  } catch {
    throw new CommandError(`No TypeScript in ${project}`, 'Run npm install --save-dev typescript');
  }
}
