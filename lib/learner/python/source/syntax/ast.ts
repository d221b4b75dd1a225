import type { BinaryOp, CompareOp, UnaryOp } from '../../host.js';
import type { Value } from '../../values.js';

/** Nodes of a file's tree; names and meaning are those of CPython's `ast`. */
interface Node {
  /** The line in the file or cell, from 1. */
  readonly line: number;
}

export type Comparison = CompareOp | 'is' | 'is not' | 'in' | 'not in';

export type Expression =
  | Name
  | Constant
  | Unsupported
  | JoinedStr
  | FormattedValue
  | BoolOp
  | NamedExpr
  | BinOp
  | UnaryExpr
  | Lambda
  | IfExp
  | DictExpr
  | Collection
  | Comprehension
  | Await
  | Yield
  | YieldFrom
  | Compare
  | Call
  | Attribute
  | Subscript
  | Starred
  | SliceExpr;

export interface Name extends Node {
  readonly type: 'Name';
  readonly id: string;
}
export interface Constant extends Node {
  readonly type: 'Constant';
  readonly value: Value;
}
/** A literal that has no value here: complex numbers, `\N{...}`. */
export interface Unsupported extends Node {
  readonly type: 'Unsupported';
  readonly name: string;
}
export interface JoinedStr extends Node {
  readonly type: 'JoinedStr';
  readonly values: readonly (Constant | Unsupported | FormattedValue)[];
}
export interface FormattedValue extends Node {
  readonly type: 'FormattedValue';
  readonly value: Expression;
  readonly conversion: '' | 's' | 'r' | 'a';
  readonly spec: JoinedStr | undefined;
}
export interface BoolOp extends Node {
  readonly type: 'BoolOp';
  readonly op: 'and' | 'or';
  readonly values: readonly Expression[];
}
export interface NamedExpr extends Node {
  readonly type: 'NamedExpr';
  readonly target: Name;
  readonly value: Expression;
}
export interface BinOp extends Node {
  readonly type: 'BinOp';
  readonly op: BinaryOp;
  readonly left: Expression;
  readonly right: Expression;
}
export interface UnaryExpr extends Node {
  readonly type: 'UnaryOp';
  readonly op: UnaryOp | 'not';
  readonly operand: Expression;
}
export interface Lambda extends Node {
  readonly type: 'Lambda';
  readonly params: Parameters;
  readonly body: Expression;
}
export interface IfExp extends Node {
  readonly type: 'IfExp';
  readonly test: Expression;
  readonly body: Expression;
  readonly orelse: Expression;
}
export interface DictExpr extends Node {
  readonly type: 'Dict';
  /** Without a key: `**value`. */
  readonly items: readonly { readonly key: Expression | undefined; readonly value: Expression }[];
}
export interface Collection extends Node {
  readonly type: 'Tuple' | 'List' | 'Set';
  readonly items: readonly Expression[];
}
export interface Generator {
  readonly target: Expression;
  readonly iter: Expression;
  readonly ifs: readonly Expression[];
  readonly isAsync: boolean;
}
export interface Comprehension extends Node {
  readonly type: 'Comprehension';
  readonly kind: 'list' | 'set' | 'dict' | 'generator';
  /** Of dictionaries. */
  readonly key: Expression | undefined;
  readonly item: Expression;
  readonly generators: readonly Generator[];
}
export interface Await extends Node {
  readonly type: 'Await';
  readonly value: Expression;
}
export interface Yield extends Node {
  readonly type: 'Yield';
  readonly value: Expression | undefined;
}
export interface YieldFrom extends Node {
  readonly type: 'YieldFrom';
  readonly value: Expression;
}
export interface Compare extends Node {
  readonly type: 'Compare';
  readonly left: Expression;
  readonly rest: readonly { readonly op: Comparison; readonly right: Expression }[];
}
export interface Keyword {
  /** Undefined: `**value`. */
  readonly name: string | undefined;
  readonly value: Expression;
}
export interface Call extends Node {
  readonly type: 'Call';
  readonly func: Expression;
  readonly args: readonly Expression[];
  readonly keywords: readonly Keyword[];
}
export interface Attribute extends Node {
  readonly type: 'Attribute';
  readonly value: Expression;
  readonly name: string;
}
export interface Subscript extends Node {
  readonly type: 'Subscript';
  readonly value: Expression;
  readonly slice: Expression;
}
export interface Starred extends Node {
  readonly type: 'Starred';
  readonly value: Expression;
}
export interface SliceExpr extends Node {
  readonly type: 'Slice';
  readonly start: Expression | undefined;
  readonly stop: Expression | undefined;
  readonly step: Expression | undefined;
}

/** An annotation is never evaluated: only its text counts. */
export interface Annotation {
  readonly text: string;
  readonly expression: Expression;
}
export interface Parameter {
  readonly name: string;
  readonly annotation: Annotation | undefined;
  readonly default: Expression | undefined;
}
export interface Parameters {
  /** Positional parameters; the first `posOnly` cannot be given by keyword. */
  readonly positional: readonly Parameter[];
  readonly posOnly: number;
  readonly rest: Parameter | undefined;
  readonly kwOnly: readonly Parameter[];
  readonly keywords: Parameter | undefined;
}

interface StatementNode extends Node {
  /** Line of the last token. */
  readonly endLine: number;
}
export type Statement =
  | FunctionDef
  | ClassDef
  | (StatementNode & { readonly type: 'Return'; readonly value: Expression | undefined })
  | (StatementNode & { readonly type: 'Delete'; readonly targets: readonly Expression[] })
  | Assign
  | AugAssign
  | AnnAssign
  | For
  | While
  | If
  | With
  | Match
  | (StatementNode & {
      readonly type: 'Raise';
      readonly exception: Expression | undefined;
      readonly cause: Expression | undefined;
    })
  | Try
  | (StatementNode & {
      readonly type: 'Assert';
      readonly test: Expression;
      readonly message: Expression | undefined;
    })
  | Import
  | ImportFrom
  | (StatementNode & { readonly type: 'Global' | 'Nonlocal'; readonly names: readonly string[] })
  | (StatementNode & { readonly type: 'Expr'; readonly value: Expression })
  | (StatementNode & { readonly type: 'Pass' | 'Break' | 'Continue' })
  | (StatementNode & { readonly type: 'TypeAlias'; readonly name: string });

export interface FunctionDef extends StatementNode {
  readonly type: 'FunctionDef';
  readonly name: string;
  readonly params: Parameters;
  readonly returns: Annotation | undefined;
  readonly body: readonly Statement[];
  readonly decorators: readonly Expression[];
  readonly isAsync: boolean;
}
export interface ClassDef extends StatementNode {
  readonly type: 'ClassDef';
  readonly name: string;
  readonly bases: readonly Expression[];
  readonly keywords: readonly Keyword[];
  readonly body: readonly Statement[];
  readonly decorators: readonly Expression[];
}
export interface Assign extends StatementNode {
  readonly type: 'Assign';
  readonly targets: readonly Expression[];
  readonly value: Expression;
}
export interface AugAssign extends StatementNode {
  readonly type: 'AugAssign';
  readonly target: Expression;
  readonly op: BinaryOp;
  readonly value: Expression;
}
export interface AnnAssign extends StatementNode {
  readonly type: 'AnnAssign';
  readonly target: Expression;
  readonly annotation: Annotation;
  readonly value: Expression | undefined;
  /** Whether the target is a name without parentheses, which makes it annotated. */
  readonly simple: boolean;
}
export interface For extends StatementNode {
  readonly type: 'For';
  readonly target: Expression;
  readonly iter: Expression;
  readonly body: readonly Statement[];
  readonly orelse: readonly Statement[];
  readonly isAsync: boolean;
}
export interface While extends StatementNode {
  readonly type: 'While';
  readonly test: Expression;
  readonly body: readonly Statement[];
  readonly orelse: readonly Statement[];
}
/** `elif`s are branches, not nested statements, so many of them do not nest deeply. */
export interface If extends StatementNode {
  readonly type: 'If';
  readonly branches: readonly { readonly test: Expression; readonly body: readonly Statement[] }[];
  readonly orelse: readonly Statement[];
}
export interface With extends StatementNode {
  readonly type: 'With';
  readonly items: readonly {
    readonly context: Expression;
    readonly target: Expression | undefined;
  }[];
  readonly body: readonly Statement[];
  readonly isAsync: boolean;
}
export interface Handler {
  readonly line: number;
  readonly class: Expression | undefined;
  readonly name: string | undefined;
  readonly body: readonly Statement[];
}
export interface Try extends StatementNode {
  readonly type: 'Try';
  readonly body: readonly Statement[];
  readonly handlers: readonly Handler[];
  /** `except*`. */
  readonly isStar: boolean;
  readonly orelse: readonly Statement[];
  readonly final: readonly Statement[];
}
export interface Alias {
  /** `a.b.c` */
  readonly name: string;
  readonly as: string | undefined;
}
export interface Import extends StatementNode {
  readonly type: 'Import';
  readonly names: readonly Alias[];
}
export interface ImportFrom extends StatementNode {
  readonly type: 'ImportFrom';
  /** The number of dots before the module. */
  readonly level: number;
  readonly module: string;
  /** Undefined: `*`. */
  readonly names: readonly Alias[] | undefined;
}
export interface Match extends StatementNode {
  readonly type: 'Match';
  readonly subject: Expression;
  readonly cases: readonly MatchCase[];
}
export interface MatchCase {
  readonly pattern: Pattern;
  readonly guard: Expression | undefined;
  readonly body: readonly Statement[];
}

export type Pattern =
  /** Compared by `==`. */
  | (Node & { readonly type: 'ValuePattern'; readonly value: Expression })
  /** Compared by `is`: None, True, False. */
  | (Node & { readonly type: 'SingletonPattern'; readonly value: null | boolean })
  | (Node & { readonly type: 'SequencePattern'; readonly items: readonly Pattern[] })
  | (Node & { readonly type: 'StarPattern'; readonly name: string | undefined })
  | (Node & {
      readonly type: 'MappingPattern';
      readonly keys: readonly Expression[];
      readonly patterns: readonly Pattern[];
      readonly rest: string | undefined;
    })
  | (Node & {
      readonly type: 'ClassPattern';
      readonly class: Expression;
      readonly patterns: readonly Pattern[];
      readonly keywords: readonly { readonly name: string; readonly pattern: Pattern }[];
    })
  /** Without a pattern it matches anything; without a name it is `_`. */
  | (Node & {
      readonly type: 'AsPattern';
      readonly pattern: Pattern | undefined;
      readonly name: string | undefined;
    })
  | (Node & { readonly type: 'OrPattern'; readonly patterns: readonly Pattern[] });
