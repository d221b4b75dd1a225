import { VtsError } from '../../errors/index.js';

/** Enough of a pattern to recognise it: spaCy's run to thousands of characters. */
function quoted(pattern: string): string {
  return JSON.stringify(pattern.length > 80 ? `${pattern.slice(0, 80)}…` : pattern);
}

/** Python's `re` would refuse the pattern too. @publicApi */
export class RegexSyntaxError extends VtsError {
  constructor(
    readonly pattern: string,
    readonly fault: string,
    readonly position: number,
  ) {
    super(
      `The regular expression ${quoted(pattern)} is not valid in Python: ${fault} at ` +
        `position ${position}. The file is damaged or comes from another engine: export it ` +
        'again.',
    );
  }
}

/**
 * The pattern uses a construct of Python's `re` that would match something else in JavaScript.
 * @publicApi
 */
export class UnsupportedRegexError extends VtsError {
  constructor(
    readonly pattern: string,
    readonly construct: string,
  ) {
    super(
      `The regular expression ${quoted(pattern)} uses ${construct}, which JavaScript cannot match as Python does. ` +
        'Rewrite the expression without it and export again, or pass a tokenizer function in the load options.',
    );
  }
}
