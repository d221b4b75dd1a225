import type * as Grpc from '@grpc/grpc-js';
import type * as ProtoLoader from '@grpc/proto-loader';
import type * as Reflection from '@grpc/reflection';
import type * as Health from 'grpc-health-check';
import { installedOr } from '../packages.js';

/** In dist/lib/vendor. */
const OWN_COPIES = 'grpc/build/src/packages.cjs';

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
  const pick = (bundle: unknown): unknown => (bundle as GrpcPackages)[key];
  return installedOr(NAMES[key], OWN_COPIES, pick) as GrpcPackages[Key];
}
