import type { Statement } from '../syntax/ast.js';
import { Label, type Guard } from './assembler.js';
import { Patterns } from './patterns.js';

/** A block around a statement; `return`, `break` and `continue` undo it when they leave it. */
export type Block =
  | { readonly kind: 'while'; readonly next: Label; readonly end: Label }
  /** The iterator is on the stack. */
  | { readonly kind: 'for'; readonly next: Label; readonly end: Label }
  | { readonly kind: 'try'; readonly guard: Guard }
  | { readonly kind: 'finally'; readonly guard: Guard; readonly body: readonly Statement[] }
  /**
   * In a `finally` after an exception: the previous exception and the exception are on the stack.
   */
  | { readonly kind: 'final'; readonly guard: Guard }
  /** The exit method is on the stack. */
  | { readonly kind: 'with'; readonly guard: Guard }
  /** In an `except`: the previous exception is on the stack. `named` guards the bound name. */
  | {
      readonly kind: 'handler';
      readonly guard: Guard;
      readonly name: string | undefined;
      readonly named: Guard | undefined;
    }
  /** A value is on the stack that `return` carries through a `finally`. */
  | { readonly kind: 'value' };

const ON_STACK: Record<Block['kind'], number> = {
  while: 0,
  for: 1,
  try: 0,
  finally: 0,
  final: 2,
  with: 1,
  handler: 1,
  value: 1,
};

/** The blocks around a statement, and the ways out of them, like CPython's frame blocks. */
export abstract class Blocks extends Patterns {
  #blocks: Block[] = [];

  protected get blocks(): readonly Block[] {
    return this.#blocks;
  }

  /** How many values blocks have on the stack. */
  protected get depth(): number {
    return this.#blocks.reduce((sum, { kind }) => sum + ON_STACK[kind], 0);
  }

  protected inBlock(block: Block, body: () => void): void {
    this.#blocks.push(block);
    body();
    this.#blocks.pop();
  }

  /** Leaves all blocks within `keep`; if `carried`, the top of the stack stays on top. */
  protected leave(keep: number, carried: boolean, then: () => void): void {
    const all = this.#blocks;
    const left = all.slice(keep).reverse();
    const { line } = this;
    for (const block of left) {
      // The code that undoes a block is itself outside the block.
      this.#blocks = this.#blocks.slice(0, -1);
      this.#undo(block, carried);
    }
    this.line = line;
    then();
    this.#blocks = all;
    for (const block of left.reverse()) {
      if ('guard' in block) this.resumeGuard(block.guard);
      if (block.kind === 'handler' && block.named) this.resumeGuard(block.named);
    }
  }

  #undo(block: Block, carried: boolean): void {
    const dropBelow = () => {
      if (carried) this.emit({ op: 'swap', n: 2 });
      this.emit({ op: 'pop' });
    };
    switch (block.kind) {
      case 'while':
        return;
      case 'for':
      case 'value':
        return dropBelow();
      case 'try':
        return this.endGuard(block.guard);
      case 'finally':
        this.endGuard(block.guard);
        if (!carried) return this.statements(block.body);
        return this.inBlock({ kind: 'value' }, () => this.statements(block.body));
      case 'final':
        dropBelow();
        this.endGuard(block.guard);
        return this.#popException(carried);
      case 'with':
        this.endGuard(block.guard);
        if (carried) this.emit({ op: 'swap', n: 2 });
        return this.exit();
      case 'handler':
        if (block.named) this.endGuard(block.named);
        this.endGuard(block.guard);
        this.#popException(carried);
        if (block.name !== undefined) this.forget(block.name);
    }
  }

  #popException(carried: boolean): void {
    if (carried) this.emit({ op: 'swap', n: 2 });
    this.emit({ op: 'pop_except' });
  }

  /** The name of a caught exception is deleted after its handler. */
  protected forget(name: string): void {
    this.constant(null);
    this.store(name);
    this.delete(name);
  }

  /** exit -> ; no exception led here */
  protected exit(): void {
    for (let n = 0; n < 3; n++) this.constant(null);
    this.emit({ op: 'call', n: 3 });
    this.emit({ op: 'pop' });
  }
}
