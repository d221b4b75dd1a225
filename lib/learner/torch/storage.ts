/** Raw bytes of one storage of the file; read, and its CRC checked, on first use. */
export interface TorchStorage {
  readonly key: string;
  readonly byteLength: number;
  bytes(): Uint8Array;
  /** The same in pieces. The memory of a piece may be reused for the next one. */
  pieces(): Iterable<Uint8Array>;
}

/** A storage with its bytes already in memory. */
export class MemoryStorage implements TorchStorage {
  constructor(
    private readonly held: Uint8Array,
    readonly key = '<memory>',
    readonly byteLength = held.byteLength,
  ) {}

  bytes(): Uint8Array {
    return this.held;
  }

  pieces(): Iterable<Uint8Array> {
    return [this.held];
  }
}

/**
 * Keeps its bytes as long as a tensor uses them: tensors share one read, and unused storages are
 * freed.
 */
export class LazyStorage implements TorchStorage {
  #cached: WeakRef<Uint8Array> | undefined;

  constructor(
    readonly key: string,
    readonly byteLength: number,
    private readonly read: () => Uint8Array,
    private readonly readPieces?: () => Iterable<Uint8Array>,
  ) {}

  bytes(): Uint8Array {
    const cached = this.#cached?.deref();
    if (cached) return cached;
    const bytes = this.read();
    this.#cached = new WeakRef(bytes);
    return bytes;
  }

  /** Pieces are not kept, so a large storage needs little memory. */
  pieces(): Iterable<Uint8Array> {
    return this.readPieces && !this.#cached?.deref() ? this.readPieces() : [this.bytes()];
  }
}
