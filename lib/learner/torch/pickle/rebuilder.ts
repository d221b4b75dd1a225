import type { Travelling } from '../float-lists.js';
import type { PyValue } from '../python.js';

/** Services of the machine that a rebuilder may use. */
export interface RebuildContext {
  readonly file: string;
  /** Counts items or bytes that are about to be copied against `limits.maxRebuilt`. */
  charge(amount: number): void;
  /** Called with the state of a BUILD, which may come late, more than once, or never. */
  onState(target: object, receive: (state: PyValue) => void): void;
  /** Called when the whole pickle is read, to complete what cycles left incomplete. */
  onEnd(finish: () => void): void;
}

/** Turns a recorded call into a value; undefined leaves the record as it is. */
export type Rebuilder = (
  args: readonly PyValue[],
  context: RebuildContext,
) => Travelling | undefined;

export type RebuilderList = readonly (readonly [qualifiedName: string, Rebuilder])[];

/** The closed list of callables whose calls become values, by qualified name. */
export type Rebuilders = ReadonlyMap<string, Rebuilder>;
