import { RegexSyntaxError, UnsupportedRegexError } from './python-regex.error.js';

/** A cursor over a pattern that steps by code points; its positions are UTF-16 offsets. */
export class PatternReader {
  position = 0;

  constructor(readonly pattern: string) {}

  get atEnd(): boolean {
    return this.position >= this.pattern.length;
  }

  /** The next character, or '' at the end. */
  peek(): string {
    const unit = this.pattern.charCodeAt(this.position);
    // Patterns have tens of thousands of characters, nearly all of one UTF-16 unit.
    if ((unit & 0xf800) !== 0xd800) return this.pattern.charAt(this.position);
    return String.fromCodePoint(this.pattern.codePointAt(this.position)!);
  }

  next(): string {
    const char = this.peek();
    this.position += char.length;
    return char;
  }

  /** Consumes `expected` if it comes next. */
  accept(expected: string): boolean {
    const comes =
      expected.length === 1
        ? this.pattern.charAt(this.position) === expected
        : this.pattern.startsWith(expected, this.position);
    if (!comes) return false;
    this.position += expected.length;
    return true;
  }

  /** Consumes up to `count` UTF-16 units. */
  take(count: number): string {
    const taken = this.pattern.slice(this.position, this.position + count);
    this.position += taken.length;
    return taken;
  }

  takeWhile(test: RegExp, limit = Infinity): string {
    const start = this.position;
    for (let n = 0; n < limit && !this.atEnd && test.test(this.peek()); n++) this.next();
    return this.pattern.slice(start, this.position);
  }

  takeUntil(terminator: string, what: string): string {
    const end = this.pattern.indexOf(terminator, this.position);
    if (end < 0) throw this.error(`missing ${terminator}, unterminated ${what}`);
    const taken = this.pattern.slice(this.position, end);
    this.position = end + terminator.length;
    return taken;
  }

  error(fault: string): RegexSyntaxError {
    return new RegexSyntaxError(this.pattern, fault, this.position);
  }

  unsupported(construct: string): UnsupportedRegexError {
    return new UnsupportedRegexError(this.pattern, construct);
  }
}
