import { Assembler } from './assembler.js';

/** Compiles names by the kind that the scope gives them. */
export abstract class Variables extends Assembler {
  protected load(name: string): void {
    switch (this.scope.placeOf(name)) {
      case 'local':
        return this.emit({ op: 'load_fast', slot: this.slot(name) });
      case 'cell':
        return this.emit({ op: 'load_deref', slot: this.slot(name) });
      case 'free':
        return this.scope.kind === 'class'
          ? this.emit({ op: 'load_classderef', slot: this.slot(name), name })
          : this.emit({ op: 'load_deref', slot: this.slot(name) });
      case 'name':
        return this.emit({ op: 'load_name', name });
      case 'global':
        return this.emit({ op: 'load_global', name });
    }
  }

  protected store(name: string): void {
    switch (this.scope.placeOf(name)) {
      case 'local':
        return this.emit({ op: 'store_fast', slot: this.slot(name) });
      case 'cell':
      case 'free':
        return this.emit({ op: 'store_deref', slot: this.slot(name) });
      case 'name':
        return this.emit({ op: 'store_name', name });
      case 'global':
        return this.emit({ op: 'store_global', name });
    }
  }

  protected delete(name: string): void {
    switch (this.scope.placeOf(name)) {
      case 'local':
        return this.emit({ op: 'delete_fast', slot: this.slot(name) });
      case 'cell':
      case 'free':
        return this.emit({ op: 'delete_deref', slot: this.slot(name) });
      case 'name':
        return this.emit({ op: 'delete_name', name });
      case 'global':
        return this.emit({ op: 'delete_global', name });
    }
  }

  /** Variables that inner functions use become cells before anything else happens. */
  protected makeCells(): void {
    for (const name of this.scope.cells) this.emit({ op: 'make_cell', slot: this.slot(name) });
  }
}
