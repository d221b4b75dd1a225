import type { IoDescriptor } from '../io/io-descriptor.js';

/** What `@VtsApi` says about a handler. @internal */
export interface Endpoint {
  readonly input: IoDescriptor<unknown, never>;
  readonly output: IoDescriptor<unknown, unknown>;
  readonly timeoutMs: number | undefined;
}

/** Body limit where neither the descriptor nor the module has one; BentoML's last. @internal */
export const DEFAULT_MAX_BODY_BYTES = 20 * 1024 * 1024;

interface Route {
  readonly end: RegExp;
  readonly maxBytes: number | undefined;
}

/**
 * Routes of endpoints by the end of their paths: the prefixes of controllers, versions and the application are not
 * known where a handler is declared.
 *
 * @internal
 */
export class EndpointRoutes {
  static readonly #routes: Route[] = [];

  static add(route: string, endpoint: Endpoint): void {
    const segments = route.split('/').filter((segment) => segment !== '');
    const pattern = segments.map((segment) =>
      /[:*{}]/.test(segment) ? '.+' : segment.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'),
    );
    const end = new RegExp(`(?:^|/)${pattern.join('/')}/*$`, 'i');
    this.#routes.push({ end, maxBytes: endpoint.input.maxBytes });
  }

  /** Most bytes that an endpoint at this path may take; undefined where no endpoint can be there. */
  static maxBytes(path: string, fallback: number): number | undefined {
    let most: number | undefined;
    for (const { end, maxBytes } of this.#routes) {
      if (end.test(path)) most = Math.max(most ?? 0, maxBytes ?? fallback);
    }
    return most;
  }
}
