import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** Whether an application has a package that is not a dependency of this one. */
export function isInstalled(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/**
 * The application's package, so that both share one copy; or else this package's own copy.
 *
 * @param own The bundle in dist/lib/vendor.
 * @param pick Takes the package from the bundle.
 */
export function installedOr(
  name: string,
  own: string,
  pick: (bundle: unknown) => unknown = (bundle) => bundle,
): unknown {
  if (isInstalled(name)) return require(name) as unknown;
  const root = dirname(require.resolve('nestjs-vts/package.json'));
  return pick(require(join(root, 'dist/lib/vendor', own)) as unknown);
}
