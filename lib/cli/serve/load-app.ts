import { isInstalled } from '../../client/packages.js';

type ServeApp = Pick<
  typeof import('./create-app.js'),
  'createServeApp' | 'grpcPortOf' | 'ServeLogger'
>;

/** What `vts serve` needs of Nest. All of it is installed, or none of it is used: copies do not mix. */
const NEST = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
  'reflect-metadata',
  'rxjs',
];

/** Whether `@nestjs/swagger` can document what is served. */
export interface LoadedApp extends ServeApp {
  readonly docs: boolean;
}

/** The application on the Nest that is installed, or else on the copy in this package. */
export async function loadServeApp(): Promise<LoadedApp> {
  if (!NEST.every(isInstalled)) return { ...(await import('./standalone.js')), docs: false };
  await import('reflect-metadata');
  return { ...(await import('./create-app.js')), docs: isInstalled('@nestjs/swagger') };
}
