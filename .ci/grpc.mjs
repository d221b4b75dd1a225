// Bundles gRPC's packages into dist/lib/vendor/grpc: what is loaded where @grpc/grpc-js is not
// installed. They can be no dependencies, as protobufjs has an install script. See
// docs/decisions/0033-grpcs-packages-are-bundled.md.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { bundlePackages, root } from './bundled.mjs';

const modules = join(root, 'node_modules');

// Two levels down, as in their packages: from there they look for ../../proto. One file, as
// rolldown's shared chunks do not find what CommonJS entries export.
const target = await bundlePackages(
  'grpc',
  {
    input: join(root, '.ci/grpc-packages.cjs'),
    // Two of them come with older copies.
    resolve: { alias: { '@grpc/proto-loader': join(modules, '@grpc/proto-loader') } },
  },
  { dir: 'build/src', format: 'cjs', entryFileNames: 'packages.cjs' },
);
for (const folder of [
  '@grpc/grpc-js/proto',
  'grpc-health-check/proto',
  '@grpc/reflection/build/proto',
]) {
  const from = join(modules, folder);
  const filter = (path) => !path.startsWith(join(from, 'sample'));
  cpSync(from, join(target, 'proto'), { recursive: true, filter });
}
