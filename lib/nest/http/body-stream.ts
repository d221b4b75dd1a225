import { Readable } from 'node:stream';

const HIGH_WATER_BYTES = 64 * 1024;

/**
 * A body that is written piece by piece, each when there is room for it, after a turn of the event
 * loop.
 *
 * @param failed Called with the reason if a piece could not be written; nothing follows.
 */
export function bodyStream(
  pieces: Iterable<string | Uint8Array>,
  failed: (error: Error) => void,
): Readable {
  const iterator = pieces[Symbol.iterator]();
  return new Readable({
    highWaterMark: HIGH_WATER_BYTES,
    read() {
      setImmediate(() => {
        if (this.destroyed) return;
        try {
          const next = iterator.next();
          this.push(next.done ? null : next.value);
        } catch (error) {
          failed(error as Error);
          this.destroy(error as Error);
        }
      });
    },
    destroy(error, done) {
      iterator.return?.();
      done(error);
    },
  });
}
