import { pathToFileURL } from 'node:url';

/** Where the imports of a bundle are found while it is built. */
export interface ResolveFacts {
  /** The folder of the bundle. */
  readonly bundle: string;
  /** The package.json of the project. */
  readonly project: string;
  /** The folder of this package. */
  readonly ownPackage: string;
}

interface ResolveContext {
  readonly parentURL?: string | undefined;
}

type Resolve<Context> = (specifier: string, context: Context) => Promise<unknown>;

let bundleUrl = '';
let projectUrl = '';
let ownUrl = '';

/** Called by Node with what register() was given. */
export function initialize({ bundle, project, ownPackage }: ResolveFacts): void {
  bundleUrl = pathToFileURL(`${bundle}/`).href;
  projectUrl = pathToFileURL(project).href;
  ownUrl = pathToFileURL(`${ownPackage}/package.json`).href;
}

/** Called by Node for every import. */
export async function resolve<Context extends ResolveContext>(
  specifier: string,
  context: Context,
  next: Resolve<Context>,
): Promise<unknown> {
  const isPackage = !/^(?:[./#]|[a-z][a-z0-9+.-]+:)/i.test(specifier);
  if (!isPackage || context.parentURL?.startsWith(bundleUrl) !== true) {
    return next(specifier, context);
  }
  // One copy, whichever the project has: this package refers to itself by its name.
  const parentURL = /^nestjs-vts(?:\/|$)/.test(specifier) ? ownUrl : projectUrl;
  return next(specifier, { ...context, parentURL });
}
