#!/usr/bin/env node
import module from 'node:module';

// Node 22.1 and later cache compiled code, in the folder for temporary files or in
// NODE_COMPILE_CACHE. This must be turned on before the first module loads.
(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();
void import('./run.js')
  .then(({ runCli }) => runCli(process.argv.slice(2)))
  .then((code) => {
    process.exitCode = code;
  });
