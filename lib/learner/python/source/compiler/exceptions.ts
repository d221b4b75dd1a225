import type { Handler, Try, With } from '../syntax/ast.js';
import { Label } from './assembler.js';
import { Blocks } from './blocks.js';

/** `try` and `with`; the instructions are those of CPython 3.11. */
export abstract class Exceptions extends Blocks {
  protected try(node: Try): void {
    if (node.isStar) this.unsupported('except*');
    if (node.isStar) this.emit({ op: 'pop' });
    if (node.final.length > 0) this.#finally(node);
    else this.#except(node);
  }

  #finally(node: Try): void {
    const handler = new Label();
    const cleanup = new Label();
    const end = new Label();
    const guard = this.guard(handler, this.depth, false);
    this.inBlock({ kind: 'finally', guard, body: node.final }, () => {
      if (node.handlers.length > 0) this.#except(node);
      else this.statements(node.body);
    });
    this.endGuard(guard);
    this.statements(node.final);
    this.jump({ op: 'jump' }, end);
    this.place(handler);
    const caught = this.guard(cleanup, this.depth + 1, true);
    this.emit({ op: 'push_exc_info' });
    this.inBlock({ kind: 'final', guard: caught }, () => this.statements(node.final));
    this.emit({ op: 'reraise', keeps: 0 });
    this.endGuard(caught);
    this.#cleanup(cleanup);
    this.place(end);
  }

  /** previous exception, position, exception -> raised again; the previous one is current */
  #cleanup(label: Label): void {
    this.place(label);
    this.emit({ op: 'copy', n: 3 });
    this.emit({ op: 'pop_except' });
    this.emit({ op: 'reraise', keeps: 1 });
  }

  #except({ body, handlers, orelse }: Try): void {
    const handler = new Label();
    const cleanup = new Label();
    const end = new Label();
    const guard = this.guard(handler, this.depth, false);
    this.inBlock({ kind: 'try', guard }, () => this.statements(body));
    this.endGuard(guard);
    this.statements(orelse);
    this.jump({ op: 'jump' }, end);
    this.place(handler);
    const caught = this.guard(cleanup, this.depth + 1, true);
    this.emit({ op: 'push_exc_info' });
    for (const one of handlers) {
      const next = new Label();
      this.line = one.line;
      if (one.class) {
        this.expression(one.class);
        this.emit({ op: 'check_exc_match' });
        this.jump({ op: 'pop_jump_if', when: 'false' }, next);
      }
      if (one.name !== undefined) this.store(one.name);
      else this.emit({ op: 'pop' });
      this.#handler(one, caught);
      this.jump({ op: 'jump' }, end);
      this.resumeGuard(caught);
      this.place(next);
    }
    this.emit({ op: 'reraise', keeps: 0 });
    this.endGuard(caught);
    this.#cleanup(cleanup);
    this.place(end);
  }

  /** exception before -> */
  #handler({ name, body }: Handler, guard: ReturnType<Blocks['guard']>): void {
    const failed = new Label();
    const behind = new Label();
    const named = name === undefined ? undefined : this.guard(failed, this.depth + 1, true);
    this.inBlock({ kind: 'handler', guard, name, named }, () => this.statements(body));
    if (named) this.endGuard(named);
    this.endGuard(guard);
    this.emit({ op: 'pop_except' });
    if (name === undefined) return;
    this.forget(name);
    this.jump({ op: 'jump' }, behind);
    this.resumeGuard(guard);
    this.place(failed);
    this.forget(name);
    this.emit({ op: 'reraise', keeps: 1 });
    this.endGuard(guard);
    this.place(behind);
  }

  protected with(node: With, index = 0): void {
    if (node.isAsync) return this.emit({ op: 'unsupported', name: 'async with' });
    const { context, target } = node.items[index]!;
    const handler = new Label();
    const cleanup = new Label();
    const suppress = new Label();
    const end = new Label();
    this.expression(context);
    this.emit({ op: 'before_with' });
    const guard = this.guard(handler, this.depth + 1, true);
    this.inBlock({ kind: 'with', guard }, () => {
      if (target) this.assign(target);
      else this.emit({ op: 'pop' });
      if (index + 1 < node.items.length) this.with(node, index + 1);
      else this.statements(node.body);
    });
    this.endGuard(guard);
    this.line = node.line;
    this.exit();
    this.jump({ op: 'jump' }, end);
    this.place(handler);
    const caught = this.guard(cleanup, this.depth + 3, true);
    this.emit({ op: 'push_exc_info' });
    this.emit({ op: 'with_except_start', depth: 4 });
    this.jump({ op: 'pop_jump_if', when: 'true' }, suppress);
    this.emit({ op: 'reraise', keeps: 2 });
    this.place(suppress);
    this.emit({ op: 'pop' });
    this.endGuard(caught);
    this.emit({ op: 'pop_except' });
    this.emit({ op: 'pop' });
    this.emit({ op: 'pop' });
    this.jump({ op: 'jump' }, end);
    this.#cleanup(cleanup);
    this.place(end);
  }
}
