import { shortened } from '../../../learner/errors/index.js';
import { CommandError } from '../../errors.js';

/** A condition, or a part of one. */
export type Expression =
  | { readonly type: 'literal'; readonly value: string | number | bigint | boolean | null }
  | { readonly type: 'column'; readonly name: string }
  | { readonly type: 'not'; readonly of: Expression }
  | { readonly type: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | {
      readonly type: 'compare';
      readonly operator: Comparison;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly type: 'in'; readonly of: Expression; readonly values: readonly Expression[] }
  | { readonly type: 'is'; readonly of: Expression; readonly value: boolean | null }
  | {
      readonly type: 'like';
      readonly of: Expression;
      readonly pattern: Expression;
      readonly escape: string | undefined;
      readonly anyCase: boolean;
    };

export type Comparison = '=' | '<>' | '<' | '<=' | '>' | '>=';

/** Of a condition. */
export const MOST_CHARACTERS = 10_000;
const MOST_DEPTH = 100;
const KEYWORDS = new Set('AND OR NOT IN IS NULL LIKE ILIKE ESCAPE BETWEEN TRUE FALSE'.split(' '));
const COMPARISONS: ReadonlyMap<string, Comparison> = new Map([
  ['=', '='],
  ['==', '='],
  ['<>', '<>'],
  ['!=', '<>'],
  ['<', '<'],
  ['<=', '<='],
  ['>', '>'],
  ['>=', '>='],
]);
const TOKEN =
  /\s*(?:(?<text>'(?:[^']|'')*')|(?<quoted>"(?:[^"]|"")+"|`[^`]+`)|(?<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\p{L}_])|(?<word>[\p{L}_][\p{L}\p{N}_]*)|(?<sign><=|>=|<>|!=|==|[=<>(),-]))/uy;

interface Token {
  readonly kind: 'text' | 'quoted' | 'number' | 'word' | 'sign' | 'end';
  readonly text: string;
  readonly at: number;
}

/**
 * Parses a condition in SQL syntax: comparisons, `AND`, `OR`, `NOT`, `IN`, `BETWEEN`, `LIKE`,
 * `ILIKE`, `IS NULL`, `IS TRUE`, strings in `'`, and column names, plain or in `"`.
 *
 * @throws CommandError
 */
export function parseWhere(condition: string): Expression {
  if (condition.length > MOST_CHARACTERS) {
    throw new CommandError(
      `The condition of --where has ${condition.length} characters`,
      `Give ${MOST_CHARACTERS} at most`,
    );
  }
  return new WhereParser(condition).parse();
}

class WhereParser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(condition: string) {
    this.#tokens = this.#tokensOf(condition);
  }

  parse(): Expression {
    const expression = this.#or();
    if (this.#next.kind !== 'end') this.#refuse('AND, OR or the end');
    return expression;
  }

  #or(): Expression {
    if (++this.#depth > MOST_DEPTH) {
      throw new CommandError(
        'The condition of --where is too deep',
        `Use at most ${MOST_DEPTH} parentheses`,
      );
    }
    let left = this.#and();
    while (this.#takes('OR')) left = { type: 'or', left, right: this.#and() };
    this.#depth--;
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.#takes('AND')) left = { type: 'and', left, right: this.#not() };
    return left;
  }

  #not(): Expression {
    let negated = false;
    while (this.#takes('NOT')) negated = !negated;
    const of = this.#predicate();
    return negated ? { type: 'not', of } : of;
  }

  #predicate(): Expression {
    const of = this.#operand();
    const operator = this.#next.kind === 'sign' ? COMPARISONS.get(this.#next.text) : undefined;
    if (operator) {
      this.#at++;
      return { type: 'compare', operator, left: of, right: this.#operand() };
    }
    if (this.#takes('IS')) return this.#is(of);
    const negated = this.#takes('NOT');
    const found = this.#range(of);
    if (found) return negated ? { type: 'not', of: found } : found;
    if (negated) this.#refuse('IN, LIKE or BETWEEN');
    return of;
  }

  #is(of: Expression): Expression {
    const negated = this.#takes('NOT');
    const word = ['NULL', 'TRUE', 'FALSE'].find((each) => this.#takes(each));
    if (word === undefined) this.#refuse('NULL, TRUE or FALSE');
    const is: Expression = { type: 'is', of, value: word === 'NULL' ? null : word === 'TRUE' };
    return negated ? { type: 'not', of: is } : is;
  }

  #range(of: Expression): Expression | undefined {
    if (this.#takes('IN')) {
      this.#expect('(');
      const values = [this.#operand()];
      while (this.#takes(',')) values.push(this.#operand());
      this.#expect(')');
      return { type: 'in', of, values };
    }
    if (this.#takes('BETWEEN')) {
      const least = this.#operand();
      this.#expect('AND');
      const left: Expression = { type: 'compare', operator: '>=', left: of, right: least };
      const right: Expression = {
        type: 'compare',
        operator: '<=',
        left: of,
        right: this.#operand(),
      };
      return { type: 'and', left, right };
    }
    const anyCase = this.#takes('ILIKE');
    if (!anyCase && !this.#takes('LIKE')) return undefined;
    const pattern = this.#operand();
    const escape = this.#takes('ESCAPE') ? this.#escape() : undefined;
    return { type: 'like', of, pattern, escape, anyCase };
  }

  #escape(): string {
    const token = this.#next;
    const sign = token.kind === 'text' ? unquoted(token.text) : '';
    if (sign.length !== 1) this.#refuse("one character in '");
    this.#at++;
    return sign;
  }

  #operand(): Expression {
    const { kind, text } = this.#next;
    if (kind === 'text') return this.#literal(unquoted(text));
    if (kind === 'number') return this.#literal(numberOf(text));
    if (kind === 'quoted') {
      this.#at++;
      return { type: 'column', name: unquoted(text) };
    }
    const upper = text.toUpperCase();
    if (kind === 'word' && !KEYWORDS.has(upper)) {
      this.#at++;
      return { type: 'column', name: text };
    }
    if (upper === 'NULL') return this.#literal(null);
    if (upper === 'TRUE' || upper === 'FALSE') return this.#literal(upper === 'TRUE');
    if (this.#takes('-')) {
      const number = this.#next;
      if (number.kind !== 'number') this.#refuse('a number');
      return this.#literal(-numberOf(number.text));
    }
    if (!this.#takes('(')) this.#refuse('a column, a value or "("');
    const inner = this.#or();
    this.#expect(')');
    return inner;
  }

  #literal(value: string | number | bigint | boolean | null): Expression {
    this.#at++;
    return { type: 'literal', value };
  }

  get #next(): Token {
    return this.#tokens[this.#at]!;
  }

  #takes(word: string): boolean {
    const { kind, text } = this.#next;
    const found = (kind === 'word' || kind === 'sign') && text.toUpperCase() === word;
    if (found) this.#at++;
    return found;
  }

  #expect(word: string): void {
    if (!this.#takes(word)) this.#refuse(`"${word}"`);
  }

  #refuse(expected: string): never {
    const { kind, text, at } = this.#next;
    const found = kind === 'end' ? 'it ends' : `"${shortened(text, 40)}" stands`;
    throw new CommandError(
      `The condition of --where needs ${expected} where ${found} (character ${at + 1})`,
      `Write it as in SQL, such as "age >= 18 AND city IN ('Rome', 'Oslo')"`,
    );
  }

  #tokensOf(condition: string): Token[] {
    const tokens: Token[] = [];
    const end = condition.trimEnd().length;
    TOKEN.lastIndex = 0;
    for (let at = 0; at < end; at = TOKEN.lastIndex) {
      const groups = TOKEN.exec(condition)?.groups;
      if (!groups) {
        throw new CommandError(
          `The condition of --where cannot be read at "${shortened(condition.slice(at).trim(), 40)}"`,
          'Quote strings as \'text\' and column names as "name"',
        );
      }
      const [kind, text] = Object.entries(groups).find(([, value]) => value !== undefined)!;
      tokens.push({
        kind: kind as Token['kind'],
        text: text!,
        at: TOKEN.lastIndex - text!.length,
      });
    }
    return [...tokens, { kind: 'end', text: '', at: end }];
  }
}

/** The columns in a condition. */
export function columnsIn(expression: Expression): string[] {
  if (expression.type === 'column') return [expression.name];
  const parts = Object.values(expression).flat() as unknown[];
  return parts.flatMap((part) =>
    typeof part === 'object' && part !== null ? columnsIn(part as Expression) : [],
  );
}

function unquoted(text: string): string {
  const quote = text[0]!;
  return text.slice(1, -1).replaceAll(quote + quote, quote);
}

/** Whole numbers that a double cannot hold exactly are bigints. */
function numberOf(text: string): number | bigint {
  const number = Number(text);
  return /^\d+$/.test(text) && !Number.isSafeInteger(number) ? BigInt(text) : number;
}
