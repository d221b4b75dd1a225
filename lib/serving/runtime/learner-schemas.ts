/** Returns a `TabularSchema`, a type that this module need not know. */
type SchemaOf = () => unknown;

const byTag = new Map<string, SchemaOf>();

/** Registers a function that returns the schema of a runner's learner, under the injected tag. */
export function registerLearnerSchema(tag: string, schema: SchemaOf): void {
  byTag.set(tag, schema);
}

/**
 * The schema of the learner behind a tag; undefined if no runner has that tag.
 *
 * @throws RunnerNotReadyError if the runner has not loaded its model.
 */
export function learnerSchemaOf(tag: string): unknown {
  return byTag.get(tag.includes(':') ? tag : `${tag}:latest`)?.();
}
