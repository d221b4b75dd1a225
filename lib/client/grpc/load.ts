import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type * as Grpc from '@grpc/grpc-js';
import type * as ProtoLoader from '@grpc/proto-loader';
import type * as Reflection from '@grpc/reflection';
import type * as Health from 'grpc-health-check';

const OWN_COPIES = 'dist/lib/vendor/grpc/build/src/packages.cjs';
const require = createRequire(import.meta.url);

/** The packages that gRPC needs; each is loaded on first use. */
export interface GrpcPackages {
  readonly grpc: typeof Grpc;
  readonly protoLoader: typeof ProtoLoader;
  readonly health: typeof Health;
  readonly reflection: typeof Reflection;
}

const NAMES = {
  grpc: '@grpc/grpc-js',
  protoLoader: '@grpc/proto-loader',
  health: 'grpc-health-check',
  reflection: '@grpc/reflection',
} as const satisfies Record<keyof GrpcPackages, string>;

/**
 * `@grpc/grpc-js` if it is installed, so that an application's credentials belong to the same copy;
 * else the copy in this package, as for the other packages.
 *
 * They are not dependencies because protobufjs, which they need, has an install script.
 */
export function loadGrpc(): GrpcPackages {
  return {
    get grpc() {
      return load('grpc');
    },
    get protoLoader() {
      return load('protoLoader');
    },
    get health() {
      return load('health');
    },
    get reflection() {
      return load('reflection');
    },
  };
}

function load<Key extends keyof GrpcPackages>(key: Key): GrpcPackages[Key] {
  const name = NAMES[key];
  if (isInstalled(name)) return require(name) as GrpcPackages[Key];
  const own = join(dirname(require.resolve('nestjs-vts/package.json')), OWN_COPIES);
  return (require(own) as GrpcPackages)[key];
}

function isInstalled(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}
