import { serveModel } from '../pool/serve-model.js';
import type { FromChild, ToChild } from './pool-process.js';
import { watchParent } from './watch-parent.js';

// The program of a child process. Its parent decides when it ends: by a message, by SIGKILL, or by
// its own end.

watchParent();
process.on('disconnect', () => process.exit());
// Process managers send these signals to the parent and its children. The parent may have calls to
// answer first.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => undefined);
}
process.on('uncaughtException', (error: unknown) => {
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const end = (): void => process.exit(1);
  if (!process.connected) return end();
  process.send?.({ type: 'crashed', reason } satisfies FromChild, undefined, {}, end);
});

process.once('message', (message: ToChild) => {
  if (message.type !== 'start') return;
  const { runnable, init } = message;
  void serveModel(
    { runnable, init },
    {
      send: (answer) => void process.send?.(answer),
      onMessage: (listener) => process.on('message', listener),
      take: () => true,
      end: () => process.disconnect(),
    },
  );
});
