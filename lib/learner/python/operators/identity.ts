import { BoundMethod, type Value } from '../values.js';

/** `left is right`. */
export function identical(left: Value, right: Value): boolean {
  return Object.is(left, right);
}

/** Methods are equal if they are the same method of the same object. */
export function sameMethod(left: BoundMethod, right: BoundMethod): boolean {
  return identical(left.self, right.self) && identical(left.func, right.func);
}
