import { Tuple } from '../../values.js';
import type { Expression, Pattern } from '../syntax/ast.js';
import { PythonSyntaxError } from '../syntax/error.js';
import { Label } from './assembler.js';
import { Functions } from './functions.js';

type Of<T extends Pattern['type']> = Extract<Pattern, { readonly type: T }>;

/**
 * Patterns of `match`. The subject of a pattern is in a variable, so the stack is empty when a
 * pattern fails. Names are bound when the whole pattern has matched.
 */
export abstract class Patterns extends Functions {
  /** value -> ; jumps to `fail` if it does not match */
  protected pattern(pattern: Pattern, fail: Label): void {
    this.#keep(pattern);
    const captures = new Map<string, Pattern>();
    this.#match(pattern, fail, captures);
    for (const [name, from] of captures) {
      this.#subject(from);
      this.store(name);
    }
  }

  #keep(pattern: Pattern): void {
    this.emit({ op: 'store_fast', slot: this.slot(this.scope.temporaries.get(pattern)!) });
  }

  #subject(pattern: Pattern): void {
    this.emit({ op: 'load_fast', slot: this.slot(this.scope.temporaries.get(pattern)!) });
  }

  #unless(fail: Label): void {
    this.jump({ op: 'pop_jump_if', when: 'false' }, fail);
  }

  #capture(name: string | undefined, from: Pattern, captures: Map<string, Pattern>): void {
    if (name === undefined) return;
    if (captures.has(name)) {
      throw new PythonSyntaxError(from.line, `multiple assignments to name '${name}' in pattern`);
    }
    captures.set(name, from);
  }

  #match(pattern: Pattern, fail: Label, captures: Map<string, Pattern>): void {
    this.line = pattern.line;
    switch (pattern.type) {
      case 'ValuePattern':
        this.#subject(pattern);
        this.expression(pattern.value);
        this.emit({ op: 'compare', operator: '==' });
        return this.#unless(fail);
      case 'SingletonPattern':
        this.#subject(pattern);
        this.constant(pattern.value);
        this.emit({ op: 'is', invert: false });
        return this.#unless(fail);
      case 'SequencePattern':
        return this.#sequence(pattern, fail, captures);
      case 'MappingPattern':
        return this.#mapping(pattern, fail, captures);
      case 'ClassPattern':
        return this.#class(pattern, fail, captures);
      case 'OrPattern':
        return this.#or(pattern, fail, captures);
      case 'AsPattern':
        if (pattern.pattern) {
          this.#subject(pattern);
          this.#keep(pattern.pattern);
          this.#match(pattern.pattern, fail, captures);
        }
        return this.#capture(pattern.name, pattern, captures);
      case 'StarPattern':
        return this.#capture(pattern.name, pattern, captures);
    }
  }

  #sequence(pattern: Of<'SequencePattern'>, fail: Label, captures: Map<string, Pattern>): void {
    const { items } = pattern;
    const star = items.findIndex(({ type }) => type === 'StarPattern');
    this.#check(pattern, 'match_sequence', fail);
    this.#subject(pattern);
    this.emit({ op: 'get_len' });
    this.constant(BigInt(star < 0 ? items.length : items.length - 1));
    this.emit({ op: 'compare', operator: star < 0 ? '==' : '>=' });
    this.emit({ op: 'swap', n: 2 });
    this.emit({ op: 'pop' });
    this.#unless(fail);
    this.#subject(pattern);
    if (star < 0) this.emit({ op: 'unpack_sequence', n: items.length });
    else this.emit({ op: 'unpack_ex', before: star, after: items.length - star - 1 });
    for (const item of items) this.#keep(item);
    for (const item of items) this.#match(item, fail, captures);
  }

  /** Jumps unless the subject has that kind. */
  #check(pattern: Pattern, op: 'match_sequence' | 'match_mapping', fail: Label): void {
    this.#subject(pattern);
    this.emit({ op });
    this.emit({ op: 'swap', n: 2 });
    this.emit({ op: 'pop' });
    this.#unless(fail);
  }

  #mapping(pattern: Of<'MappingPattern'>, fail: Label, captures: Map<string, Pattern>): void {
    const { keys, patterns, rest } = pattern;
    this.#check(pattern, 'match_mapping', fail);
    const missing = new Label();
    const found = new Label();
    this.#subject(pattern);
    this.#keys(keys);
    this.emit({ op: 'match_keys' });
    this.emit({ op: 'copy', n: 1 });
    this.jump({ op: 'pop_jump_if', when: 'none' }, missing);
    this.emit({ op: 'unpack_sequence', n: keys.length });
    for (const item of patterns) this.#keep(item);
    this.emit({ op: 'pop' });
    this.emit({ op: 'pop' });
    this.jump({ op: 'jump' }, found);
    this.place(missing);
    for (let n = 0; n < 3; n++) this.emit({ op: 'pop' });
    this.jump({ op: 'jump' }, fail);
    this.place(found);
    for (const item of patterns) this.#match(item, fail, captures);
    if (rest === undefined) return;
    // The subject itself is no longer needed: its remainder replaces it.
    this.emit({ op: 'build_map', n: 0 });
    this.#subject(pattern);
    this.emit({ op: 'dict_update', n: 1 });
    for (const key of keys) {
      this.emit({ op: 'copy', n: 1 });
      this.expression(key);
      this.emit({ op: 'delete_subscr' });
    }
    this.#keep(pattern);
    this.#capture(rest, pattern, captures);
  }

  #keys(keys: readonly Expression[]): void {
    for (const key of keys) this.expression(key);
    this.emit({ op: 'build_tuple', n: keys.length });
  }

  #class(pattern: Of<'ClassPattern'>, fail: Label, captures: Map<string, Pattern>): void {
    const items = [...pattern.patterns, ...pattern.keywords.map((keyword) => keyword.pattern)];
    const matched = new Label();
    this.#subject(pattern);
    this.expression(pattern.class);
    this.constant(new Tuple(pattern.keywords.map(({ name }) => name)));
    this.emit({ op: 'match_class', n: pattern.patterns.length });
    this.emit({ op: 'copy', n: 1 });
    this.jump({ op: 'pop_jump_if', when: 'not_none' }, matched);
    this.emit({ op: 'pop' });
    this.jump({ op: 'jump' }, fail);
    this.place(matched);
    this.emit({ op: 'unpack_sequence', n: items.length });
    for (const item of items) this.#keep(item);
    for (const item of items) this.#match(item, fail, captures);
  }

  /** All alternatives bind the same names; each stores them in the variables of the first. */
  #or(pattern: Of<'OrPattern'>, fail: Label, captures: Map<string, Pattern>): void {
    const end = new Label();
    let first: Map<string, Pattern> | undefined;
    for (const alternative of pattern.patterns) {
      const own = new Map<string, Pattern>();
      const next = new Label();
      this.#subject(pattern);
      this.#keep(alternative);
      this.#match(alternative, next, own);
      first ??= own;
      if (own.size !== first.size || [...own.keys()].some((name) => !first!.has(name))) {
        throw new PythonSyntaxError(pattern.line, 'alternative patterns bind different names');
      }
      for (const name of own.keys()) this.#subject(own.get(name)!);
      for (const name of [...own.keys()].reverse()) this.#keep(first.get(name)!);
      this.jump({ op: 'jump' }, end);
      this.place(next);
    }
    this.jump({ op: 'jump' }, fail);
    this.place(end);
    for (const [name, from] of first!) this.#capture(name, from, captures);
  }
}
