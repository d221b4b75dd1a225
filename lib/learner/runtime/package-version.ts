import { createRequire } from 'node:module';

/** The version of this package, or undefined if a bundler left its package.json out. */
export function packageVersion(): string | undefined {
  try {
    const { version } = createRequire(import.meta.url)('nestjs-vts/package.json') as {
      version?: string;
    };
    return version;
  } catch {
    return undefined;
  }
}
