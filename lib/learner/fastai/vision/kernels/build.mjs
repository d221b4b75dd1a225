// Compiles assembly/ to WebAssembly and writes generated/: a module with the bytes as base64, and
// an interface of what they export. Does nothing if generated/ is newer than all its sources.
import asc from 'assemblyscript/asc';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const options = [
  '--outFile=vision.wasm',
  '--bindings=raw',
  '-O3',
  '--converge',
  '--enable=simd',
  // The kernels use no garbage collector and no exceptions: they check their input and return a
  // result.
  '--runtime=stub',
  '--noAssert',
  '--use=abort=',
  // 512 MiB.
  '--maximumMemory=8192',
];

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const changed = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

const sources = readdirSync(at('assembly')).map((name) => at(`assembly/${name}`));
const lastSource = Math.max(...[...sources, at('build.mjs')].map(changed));
const outputs = [at('generated/vision-wasm.ts'), at('generated/vision-kernels.ts')];

if (Math.min(...outputs.map(changed)) < lastSource) {
  const files = await compile(at('assembly/index.ts'));
  mkdirSync(at('generated'), { recursive: true });
  const base64 = Buffer.from(files.get('vision.wasm')).toString('base64');
  writeFileSync(outputs[0], `export const visionWasm: string = '${base64}';\n`);
  writeFileSync(outputs[1], interfaceOf(files.get('vision.d.ts')));
}

/** The files that asc would have written, by name. */
async function compile(entry) {
  const written = new Map();
  const { error, stderr } = await asc.main([relative(process.cwd(), entry), ...options], {
    writeFile: (name, contents) => void written.set(name, contents),
    readFile: (name) => {
      try {
        return readFileSync(name, 'utf8');
      } catch {
        return null;
      }
    },
  });
  if (error) throw new Error(`The kernels do not compile.\n${stderr.toString()}`, { cause: error });
  return written;
}

/**
 * asc declares the exports as its own bindings would return them. Here a boolean is a plain number.
 */
function interfaceOf(declarations) {
  const functions = [...declarations.matchAll(/^ +export function (.+)$/gm)].map(
    ([, signature]) => `  ${signature.replaceAll('boolean', 'number')}\n`,
  );
  return `export interface VisionKernels {\n  readonly memory: WebAssembly.Memory;\n${functions.join('')}}\n`;
}
