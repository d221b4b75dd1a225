import { Controller, type Type } from '@nestjs/common';
import { Runner } from '../../nest/decorators/runner.decorator.js';
import { VtsApi } from '../../nest/decorators/vts-api.decorator.js';
import type { Vocab, LearnerKind, TabularSchema } from '../../learner/fastai/contract.js';
import type { FastaiRunner } from '../../serving/models/fastai/types.js';
import type { RunnerHandle } from '../../serving/runner/runner-types.js';
import { Image } from '../../nest/io/image.js';
import type { IoDescriptor } from '../../nest/io/io-descriptor.js';
import { Text } from '../../nest/io/text.js';
import { outputOf, type ModuleBody } from '../predict/module-predictor.js';
import { classesOf, scoredOf, type Scored } from '../predict/scored.js';
import { RowBody, ScoredBody } from './bodies.js';

/** What has to be known of a learner to make its endpoint. */
export interface LearnerFacts {
  readonly kind: LearnerKind;
  readonly schema: TabularSchema | undefined;
}

/** `POST /predict` for a model without a learner: arrays in, what the model returns out. */
export function moduleController(
  tag: string,
  method: string,
  { descriptor, inputs }: ModuleBody,
): Type {
  const takes = inputs.map(
    ({ name, dtype, shape }) =>
      `\`${name}\`: ${dtype} [${shape.map((size) => size ?? '?').join(', ')}]`,
  );
  const api = {
    input: descriptor as IoDescriptor<unknown, never>,
    summary: `What ${tag} returns`,
    description: `The model takes ${takes.join(', and ')}.`,
  };
  return controllerOf<RunnerHandle>(tag, api, async (runner, item) => ({
    prediction: outputOf(await runner.method(method).run(item)),
  }));
}

/** `POST /predict` for a learner: a text, a row or an image in, by its kind. */
export function predictController(tag: string, { kind, schema }: LearnerFacts): Type {
  const input: IoDescriptor<unknown, never> = schema
    ? new RowBody(schema)
    : kind === 'vision'
      ? new Image()
      : Text.fromSample('I really liked that movie!');
  const api = {
    input,
    summary: `The prediction of ${tag}`,
    description: `A learner of kind "${kind}".`,
  };
  return controllerOf<FastaiRunner>(tag, api, async (runner, item) => {
    const prediction: unknown = await runner.predict.run(item);
    // Language models give the whole text.
    if (!Array.isArray(prediction)) return { prediction };
    const triple = prediction as Awaited<ReturnType<typeof runner.predict.run>>;
    const shown = schema && {
      row: await runner.decodeRow.run(triple[0] as never),
      targets: schema.targets,
    };
    return scoredOf(triple, classesOf(runner.vocab as Vocab), shown);
  });
}

function controllerOf<R extends RunnerHandle>(
  tag: string,
  api: { input: IoDescriptor<unknown, never>; summary: string; description: string },
  predict: (runner: R, item: unknown) => Promise<Scored>,
): Type {
  @Controller()
  class PredictController {
    constructor(@Runner(tag) private readonly runner: RunnerHandle) {}

    @VtsApi({ ...api, output: new ScoredBody() })
    predict(item: unknown): Promise<Scored> {
      return predict(this.runner as R, item);
    }
  }
  return PredictController;
}
