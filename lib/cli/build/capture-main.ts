import { Module, register } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ResolveFacts } from './capture-resolve.js';

// Runs the app of a bundle while it is built. The bundle has no node_modules then: what its files
// import is found as from the project.

async function main(): Promise<void> {
  const facts = JSON.parse(process.env['VTS_CAPTURE'] ?? '{}') as ResolveFacts;
  const { bundle, project } = facts;
  register('./capture-resolve.js', import.meta.url, { data: facts });
  // The same for require().
  const internals = Module as unknown as { _nodeModulePaths(from: string): string[] };
  const nodeModulePaths = internals._nodeModulePaths;
  internals._nodeModulePaths = (from) =>
    nodeModulePaths(from.startsWith(bundle) ? dirname(project) : from);

  const { interceptListen } = await import('./capture-app.js');
  await interceptListen(project);
  process.argv[1] = join(bundle, 'start.mjs');
  await import(pathToFileURL(process.argv[1]).href);
}

void main();
