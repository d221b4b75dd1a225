import { VtsError } from '../../../errors/index.js';

/**
 * The learner's texts go through a function that the file names but does not define.
 *
 * @publicApi
 */
export class UnknownTextRuleError extends VtsError {
  constructor(readonly rule: string) {
    const bareName = rule.slice(rule.lastIndexOf('.') + 1);
    super(
      `The learner's tokenizer changes its texts with the rule "${rule}", whose code is not in the file; ` +
        `give the same function in TypeScript with Learner.load(file, { rules: { '${bareName}': (text) => text } }).`,
    );
  }
}
