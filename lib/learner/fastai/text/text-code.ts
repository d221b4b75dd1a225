import type { PyValue } from '../../torch/index.js';
import type { TextRule, Tokenize } from '../contract.js';

/** A user's transform. It maps a text or its tokens to others. */
export type TextStep = (item: string | string[]) => string | string[];

/** Code of the file for texts. Undefined if only a name is known. */
export interface TextCode {
  rule(record: PyValue): TextRule | undefined;
  splitter(record: PyValue): Tokenize | undefined;
  step(record: PyValue): TextStep | undefined;
}
