/** Gives a `TabularSchema`, a type that this leaf need not know. */
type SchemaOf = () => unknown;

const byTag = new Map<string, SchemaOf>();

/** Registers where to get the schema of a runner's learner, by the tag it is injected by. */
export function registerLearnerSchema(tag: string, schema: SchemaOf): void {
  byTag.set(tag, schema);
}

/**
 * The schema of the learner behind a tag; undefined where no runner has that tag.
 *
 * @throws RunnerNotReadyError while the runner has not loaded its model.
 */
export function learnerSchemaOf(tag: string): unknown {
  return byTag.get(tag.includes(':') ? tag : `${tag}:latest`)?.();
}
