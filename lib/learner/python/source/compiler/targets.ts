import type { Expression } from '../syntax/ast.js';
import { Expressions } from './expressions.js';

/** Targets of assignments and deletions. */
export abstract class Targets extends Expressions {
  /** value -> */
  protected assign(target: Expression): void {
    const before = this.line;
    this.line = target.line;
    switch (target.type) {
      case 'Name':
        this.store(target.id);
        break;
      case 'Attribute':
        this.expression(target.value);
        this.emit({ op: 'store_attr', name: target.name });
        break;
      case 'Subscript':
        this.expression(target.value);
        this.expression(target.slice);
        this.emit({ op: 'store_subscr' });
        break;
      case 'Tuple':
      case 'List': {
        const { items } = target;
        const star = items.findIndex(({ type }) => type === 'Starred');
        if (star < 0) this.emit({ op: 'unpack_sequence', n: items.length });
        else this.emit({ op: 'unpack_ex', before: star, after: items.length - star - 1 });
        for (const item of items) this.assign(item.type === 'Starred' ? item.value : item);
        break;
      }
      default:
    }
    this.line = before;
  }

  protected remove(target: Expression): void {
    switch (target.type) {
      case 'Name':
        return this.delete(target.id);
      case 'Attribute':
        this.expression(target.value);
        return this.emit({ op: 'delete_attr', name: target.name });
      case 'Subscript':
        this.expression(target.value);
        this.expression(target.slice);
        return this.emit({ op: 'delete_subscr' });
      case 'Tuple':
      case 'List':
        for (const item of target.items) this.remove(item);
        break;
      default:
    }
  }
}
