import type { InitializeHook, ResolveHook } from 'node:module';
import { pathToFileURL } from 'node:url';

/** Resolves the imports of a bundle while it is built. */
export interface ResolveFacts {
  readonly bundle: string;
  /** The package.json of the project. */
  readonly project: string;
  readonly ownPackage: string;
}

let bundleUrl = '';
let projectUrl = '';
let ownUrl = '';

export const initialize: InitializeHook<ResolveFacts> = ({ bundle, project, ownPackage }) => {
  bundleUrl = pathToFileURL(`${bundle}/`).href;
  projectUrl = pathToFileURL(project).href;
  ownUrl = pathToFileURL(`${ownPackage}/package.json`).href;
};

export const resolve: ResolveHook = (specifier, context, next) => {
  const isPackage = !/^(?:[./#]|[a-z][a-z0-9+.-]+:)/i.test(specifier);
  if (!isPackage || context.parentURL?.startsWith(bundleUrl) !== true) {
    return next(specifier, context);
  }
  // There must be only one copy, the one that the project has, because this package refers to
  // itself by its name.
  const parentURL = /^nestjs-vts(?:\/|$)/.test(specifier) ? ownUrl : projectUrl;
  return next(specifier, { ...context, parentURL });
};
