/** What is wrong with a value, found by a reader that does not know whose descriptor it serves. */
export class Fault extends Error {
  constructor(
    readonly fact: string,
    readonly remedy?: string,
  ) {
    super(fact);
  }
}

/** A fault as an error of its descriptor; other errors as they are. */
export function errorOf(
  fault: unknown,
  type: new (descriptor: string, fact: string, remedy: string) => Error,
  descriptor: string,
  remedy = '',
): unknown {
  return fault instanceof Fault ? new type(descriptor, fault.fact, fault.remedy ?? remedy) : fault;
}

/** What a value is, for a message that begins with "it is". */
export function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? `of class ${value.constructor?.name}` : `a ${typeof value}`;
}
