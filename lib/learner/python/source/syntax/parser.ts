import type { BinaryOp } from '../../host.js';
import type {
  Alias,
  ClassDef,
  Expression,
  FunctionDef,
  Handler,
  If,
  MatchCase,
  Statement,
  With,
} from './ast.js';
import { ExpressionReader } from './expressions.js';
import { annotationOf, parametersOf } from './parameters.js';
import { PatternReader } from './patterns.js';
import { all, hasMark, named, ofType, optional, Reader } from './reader.js';
import { treeOf, type TreeNode } from './tree.js';

export { loadParser } from './tree.js';

/**
 * The statements of a file or cell, by tree-sitter's grammar of Python; call `loadParser` first.
 *
 * @throws PythonSyntaxError
 */
export function parse(source: string): readonly Statement[] {
  // Windows line ends, and form feeds, which separate pages.
  const text = source.replace(/\r\n?/g, '\n').replaceAll('\f', ' ');
  return new StatementReader(text).statements(treeOf(text).children);
}

class StatementReader {
  readonly #reader: Reader;
  readonly #expressions: ExpressionReader;
  readonly #patterns: PatternReader;

  constructor(text: string, typeName?: string) {
    this.#reader = new Reader(text, typeName);
    this.#expressions = new ExpressionReader(this.#reader);
    this.#patterns = new PatternReader(this.#expressions);
  }

  statements(nodes: readonly TreeNode[]): Statement[] {
    return nodes.filter((node) => node.named).map((node) => this.#statement(node));
  }

  #block(node: TreeNode | undefined): readonly Statement[] {
    return node ? this.statements(node.children) : [];
  }

  #orelse(node: TreeNode): readonly Statement[] {
    const [clause] = ofType(node, 'else_clause');
    return clause ? this.#block(this.#reader.one(clause, 'body')) : [];
  }

  #statement(node: TreeNode): Statement {
    const { type, line, endLine } = node;
    const { read } = this.#expressions;
    const reader = this.#reader;
    const place = { line, endLine };
    switch (type) {
      case 'function_definition':
        return this.#function(node, [], line);
      case 'class_definition':
        return this.#class(node, [], line);
      case 'decorated_definition':
        return this.#decorated(node);
      case 'if_statement':
        return this.#if(node);
      case 'while_statement':
        return {
          type: 'While',
          test: read(reader.one(node, 'condition')),
          body: this.#block(reader.one(node, 'body')),
          orelse: this.#orelse(node),
          ...place,
        };
      case 'for_statement':
        return {
          type: 'For',
          target: reader.assignable(read(reader.one(node, 'left'))),
          iter: read(reader.one(node, 'right')),
          body: this.#block(reader.one(node, 'body')),
          orelse: this.#orelse(node),
          isAsync: hasMark(node, 'async'),
          ...place,
        };
      case 'try_statement':
        return this.#try(node);
      case 'with_statement':
        return this.#with(node);
      case 'match_statement':
        return this.#match(node);
      case 'expression_statement':
        return this.#expression(node);
      case 'pass_statement':
        return { type: 'Pass', ...place };
      case 'break_statement':
        return { type: 'Break', ...place };
      case 'continue_statement':
        return { type: 'Continue', ...place };
      case 'return_statement': {
        const [value] = named(node);
        return { type: 'Return', value: value && read(value), ...place };
      }
      case 'raise_statement': {
        const cause = optional(node, 'cause');
        const exception = named(node).find((child) => child !== cause);
        return {
          type: 'Raise',
          exception: exception && read(exception),
          cause: cause && read(cause),
          ...place,
        };
      }
      case 'delete_statement': {
        const target = reader.assignable(read(named(node)[0]!));
        const isList = named(node)[0]!.type === 'expression_list' && target.type === 'Tuple';
        return { type: 'Delete', targets: isList ? target.items : [target], ...place };
      }
      case 'assert_statement': {
        const [test, message] = named(node).map(read);
        return { type: 'Assert', test: test!, message, ...place };
      }
      case 'global_statement':
      case 'nonlocal_statement': {
        const names = named(node).map((name) => reader.identifier(name));
        return { type: type === 'global_statement' ? 'Global' : 'Nonlocal', names, ...place };
      }
      case 'import_statement':
        return { type: 'Import', names: this.#aliases(node), ...place };
      case 'import_from_statement':
      case 'future_import_statement':
        return this.#importFrom(node);
      case 'type_alias_statement': {
        const { text } = reader.one(node, 'left');
        if (!/^[\p{XID_Start}_]\p{XID_Continue}*\s*(?:\[|$)/u.test(text)) return this.#ofType(node);
        return { type: 'TypeAlias', name: text.split('[')[0]!.trim(), ...place };
      }
      default:
        return reader.fail(node, `"${node.text.slice(0, 20)}" is not a statement here`);
    }
  }

  #if(node: TreeNode): If {
    const branches = [node, ...ofType(node, 'elif_clause')].map((branch) => ({
      test: this.#expressions.read(this.#reader.one(branch, 'condition')),
      body: this.#block(this.#reader.one(branch, 'consequence')),
    }));
    const { line, endLine } = node;
    return { type: 'If', branches, orelse: this.#orelse(node), line, endLine };
  }

  #try(node: TreeNode): Statement {
    const { line, endLine } = node;
    const { read } = this.#expressions;
    const clauses = ofType(node, 'except_clause', 'except_group_clause');
    const handlers = clauses.map((clause): Handler => {
      const values = all(clause, 'value').filter((child) => child.named);
      const [value] = values;
      const isAs = value?.type === 'as_pattern';
      const [cls, alias] = isAs ? named(value) : values;
      return {
        line: clause.line,
        class: cls && read(cls),
        name: isAs ? this.#reader.identifier(named(alias!)[0]!) : undefined,
        body: this.#block(ofType(clause, 'block')[0]),
      };
    });
    if (handlers.slice(0, -1).some((handler) => !handler.class)) {
      this.#reader.fail(node, "default 'except:' must be last");
    }
    const [final] = ofType(node, 'finally_clause');
    return {
      type: 'Try',
      body: this.#block(this.#reader.one(node, 'body')),
      handlers,
      isStar: clauses.some((clause) => hasMark(clause, '*') || hasMark(clause, 'except*')),
      orelse: this.#orelse(node),
      final: final ? this.#block(ofType(final, 'block')[0]) : [],
      line,
      endLine,
    };
  }

  #with(node: TreeNode): Statement {
    const { line, endLine } = node;
    const { read } = this.#expressions;
    const [clause] = ofType(node, 'with_clause');
    const values = named(clause!).flatMap((item) => {
      const value = this.#reader.one(item, 'value');
      // The grammar reads one item in brackets as a tuple or an expression.
      const inner = ofType(value, 'as_pattern');
      return value.type !== 'as_pattern' && inner.length > 0 ? inner : [value];
    });
    const items = values.map((value): With['items'][number] => {
      if (value.type !== 'as_pattern') return { context: read(value), target: undefined };
      const [context, target] = named(value);
      return {
        context: read(context!),
        target: this.#reader.assignable(read(named(target!)[0]!)),
      };
    });
    const body = this.#block(this.#reader.one(node, 'body'));
    return { type: 'With', items, body, isAsync: hasMark(node, 'async'), line, endLine };
  }

  #match(node: TreeNode): Statement {
    const { line, endLine } = node;
    const { read } = this.#expressions;
    const subjects = all(node, 'subject');
    const isTuple = subjects.length > 1 || hasMark(node, ',');
    const cases = ofType(this.#reader.one(node, 'body'), 'case_clause').map((clause): MatchCase => {
      const guard = optional(clause, 'guard');
      const patterns = ofType(clause, 'case_pattern');
      return {
        pattern: this.#patterns.list(patterns, hasMark(clause, ','), clause.line),
        guard: guard && read(named(guard)[0]!),
        body: this.#block(this.#reader.one(clause, 'consequence')),
      };
    });
    const subject: Expression = isTuple
      ? { type: 'Tuple', items: subjects.filter((one) => one.named).map(read), line }
      : read(subjects[0]!);
    return { type: 'Match', subject, cases, line, endLine };
  }

  #decorated(node: TreeNode): Statement {
    const decorators = ofType(node, 'decorator').map((one) =>
      this.#expressions.read(named(one)[0]!),
    );
    const definition = this.#reader.one(node, 'definition');
    return definition.type === 'class_definition'
      ? this.#class(definition, decorators, node.line)
      : this.#function(definition, decorators, node.line);
  }

  /** `line` is that of the first decorator, like a code object's first line. */
  #function(node: TreeNode, decorators: readonly Expression[], line: number): FunctionDef {
    const { read } = this.#expressions;
    const returns = optional(node, 'return_type');
    return {
      type: 'FunctionDef',
      name: this.#reader.identifier(this.#reader.one(node, 'name')),
      params: parametersOf(this.#reader, this.#reader.one(node, 'parameters'), read),
      returns: returns && annotationOf(returns, read),
      body: this.#block(this.#reader.one(node, 'body')),
      decorators,
      isAsync: hasMark(node, 'async'),
      line,
      endLine: node.endLine,
    };
  }

  #class(node: TreeNode, decorators: readonly Expression[], line: number): ClassDef {
    const name = this.#reader.one(node, 'name');
    const list = optional(node, 'superclasses');
    const { args, keywords } = list
      ? this.#expressions.arguments(list)
      : { args: [], keywords: [] };
    return {
      type: 'ClassDef',
      name: this.#reader.identifier(name),
      bases: args,
      keywords,
      body: this.#reader.inClass(name.text, () => this.#block(this.#reader.one(node, 'body'))),
      decorators,
      line,
      endLine: node.endLine,
    };
  }

  #importFrom(node: TreeNode): Statement {
    const { line, endLine } = node;
    const module = optional(node, 'module_name');
    const [, dots, name] = /^([\s.]*)([^]*)$/.exec(module?.text ?? '__future__')!;
    return {
      type: 'ImportFrom',
      level: dots!.replaceAll(/\s/g, '').length,
      module: name!.replaceAll(/\s/g, ''),
      names: ofType(node, 'wildcard_import').length > 0 ? undefined : this.#aliases(node),
      line,
      endLine,
    };
  }

  #aliases(node: TreeNode): Alias[] {
    return all(node, 'name')
      .filter((one) => one.named)
      .map((one) => {
        if (one.type !== 'aliased_import') return { name: dotted(one), as: undefined };
        const as = this.#reader.identifier(this.#reader.one(one, 'alias'));
        return { name: dotted(this.#reader.one(one, 'name')), as };
      });
  }

  /**
   * `type(self).count = 1`, which the grammar reads as an alias: parsed again without that word.
   */
  #ofType({ text, line }: TreeNode): Statement {
    let typeName = 'type_';
    while (text.includes(typeName)) typeName += '_';
    const again = '\n'.repeat(line - 1) + text.replace('type', typeName);
    const reader = new StatementReader(again, typeName);
    reader.#reader.className = this.#reader.className;
    return reader.statements(treeOf(again).children)[0]!;
  }

  /** An expression, an assignment, or several expressions with commas. */
  #expression(node: TreeNode): Statement {
    const { line, endLine } = node;
    const place = { line, endLine };
    const nodes = named(node);
    const [only] = nodes;
    if (only?.type === 'assignment') return this.#assignment(only, place);
    if (only?.type === 'augmented_assignment') {
      return {
        type: 'AugAssign',
        target: this.#target(only, 'augmented assignment'),
        op: this.#reader.one(only, 'operator').text.slice(0, -1) as BinaryOp,
        value: this.#expressions.read(this.#reader.one(only, 'right')),
        ...place,
      };
    }
    const items = nodes.map(this.#expressions.read);
    const value: Expression =
      items.length > 1 || hasMark(node, ',') ? { type: 'Tuple', items, line } : items[0]!;
    return { type: 'Expr', value, ...place };
  }

  #assignment(node: TreeNode, place: { line: number; endLine: number }): Statement {
    const { read } = this.#expressions;
    const type = optional(node, 'type');
    if (type) {
      const right = optional(node, 'right');
      return {
        type: 'AnnAssign',
        target: this.#target(node, 'annotation'),
        annotation: annotationOf(type, read),
        value: right && read(right),
        simple: this.#reader.one(node, 'left').type === 'identifier',
        ...place,
      };
    }
    const targets: Expression[] = [];
    let at = node;
    for (;;) {
      targets.push(this.#reader.assignable(read(this.#reader.one(at, 'left'))));
      const right = this.#reader.one(at, 'right');
      if (right.type !== 'assignment') {
        return { type: 'Assign', targets, value: read(right), ...place };
      }
      if (optional(right, 'type')) this.#reader.fail(right, 'illegal target for annotation');
      at = right;
    }
  }

  /** A target that cannot be a list. */
  #target(node: TreeNode, of: string): Expression & { type: 'Name' | 'Attribute' | 'Subscript' } {
    const target = this.#expressions.read(this.#reader.one(node, 'left'));
    const { type } = target;
    if (type === 'Name' || type === 'Attribute' || type === 'Subscript') return target;
    return this.#reader.fail(node, `illegal target for ${of}`);
  }
}

const dotted = (node: TreeNode): string =>
  node.type === 'dotted_name'
    ? named(node)
        .map(({ text }) => text)
        .join('.')
    : node.text;
