import { lazyPackage } from '../../../learner/runtime/lazy-package.js';

/** Loaded when an application starts, not with this package. */
export const promClient = lazyPackage<typeof import('prom-client')>('prom-client');
