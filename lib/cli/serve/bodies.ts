import type { TabularSchema } from '../../learner/fastai/contract.js';
import { learnerExample, learnerSchema } from '../../nest/io/data-frame/frame-schema.js';
import { writeOrient } from '../../nest/io/data-frame/orients.js';
import { InvalidBodyError } from '../../nest/io/errors.js';
import { Json } from '../../nest/io/json.js';
import type { RequestBody } from '../../nest/io/request-body.js';

/** A row as a JSON object, with the learner's columns in the document. */
export class RowBody extends Json {
  constructor(schema: TabularSchema) {
    const [sample] = JSON.parse(writeOrient(learnerExample(schema), 'records')) as [object];
    super({ schema: learnerSchema(schema, 'records').items ?? {}, sample });
  }

  override async parse(body: RequestBody): Promise<Record<string, unknown>> {
    const row = await super.parse(body);
    if (typeof row === 'object' && row !== null && !Array.isArray(row)) return row;
    throw new InvalidBodyError('Row', 'the body is not a JSON object', 'send one row as an object');
  }
}

/** A prediction as JSON. */
export class ScoredBody extends Json {
  constructor() {
    super({
      schema: {
        type: 'object',
        properties: {
          prediction: { description: 'The class, the classes, the number or the text.' },
          decoded: { type: 'object', description: 'For rows: the row as the learner shows it.' },
          target: { description: "fastai's second element: an index, flags or values." },
          probabilities: { description: 'What the model says, after the activation of its loss.' },
          classes: { type: 'array', items: { type: 'string' }, description: 'Their names.' },
        },
        required: ['prediction'],
      },
    });
  }
}
