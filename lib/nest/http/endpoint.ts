import type { IoDescriptor } from '../io/io-descriptor.js';

/** What `@VtsApi` says about a handler. */
export interface Endpoint {
  readonly input: IoDescriptor<unknown, never>;
  readonly output: IoDescriptor<unknown, unknown>;
  readonly timeoutMs: number | undefined;
}

/** Body limit where neither the descriptor nor the module has one; BentoML's last. */
export const DEFAULT_MAX_BODY_BYTES = 20 * 1024 * 1024;
