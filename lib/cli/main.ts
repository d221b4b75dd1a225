#!/usr/bin/env node
import module from 'node:module';

// Node 22.1 and later keep what V8 has compiled, in the folder for temporary files or that of
// NODE_COMPILE_CACHE. It must be asked before the first module is loaded.
(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();
void import('./run.js')
  .then(({ runCli }) => runCli(process.argv.slice(2)))
  .then((code) => {
    process.exitCode = code;
  });
