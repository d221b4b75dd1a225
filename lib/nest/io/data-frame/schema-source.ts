import type { TabularSchema } from '../../../learner/fastai/contract.js';
import { learnerSchemaOf } from '../../../serving/runtime/learner-schemas.js';

/**
 * The source of the columns of a learner's rows: the schema itself, a learner, a runner, or the tag
 * that injects a runner.
 *
 * @publicApi
 */
export type SchemaSource = string | TabularSchema | { readonly schema: TabularSchema };

/** The schema; undefined while the runner of that tag has not loaded its model. */
export function schemaOfSource(source: SchemaSource): TabularSchema | undefined {
  try {
    if (typeof source === 'string') return learnerSchemaOf(source) as TabularSchema | undefined;
    return 'columns' in source ? source : source.schema;
  } catch {
    // A runner that has not loaded its model does not know the schema yet.
    return undefined;
  }
}
