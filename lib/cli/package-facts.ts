import { readFileSync } from 'node:fs';

/** The folder of this package, where it is installed or built. */
export function packageFolder(): URL {
  // lib/cli in the sources, dist/lib/cli in the package.
  for (const above of ['../../', '../../../']) {
    const folder = new URL(above, import.meta.url);
    if (nameIn(folder) === 'nestjs-vts') return folder;
  }
  throw new Error('The package.json of nestjs-vts is not beside its code.');
}

/** The package.json of this package. */
export function packageFacts(): Record<string, unknown> & { version: string } {
  return JSON.parse(readFileSync(new URL('package.json', packageFolder()), 'utf8')) as {
    version: string;
  };
}

function nameIn(folder: URL): unknown {
  try {
    return (JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')) as { name?: unknown })
      .name;
  } catch {
    return undefined;
  }
}
