import { Controller, UseGuards } from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayNotEmpty, IsString, MaxLength } from 'class-validator';
import {
  Json,
  NumpyNdarray,
  Runner,
  Text,
  VtsApi,
  type FastaiRunner,
  type Tensor,
} from 'nestjs-vts';
import { ApiKeyGuard, ForBatch } from './api-key.guard.js';
import { ClientThrottlerGuard } from './client-throttler.guard.js';

/** Documented by its rules. */
class Texts {
  @IsString({ each: true })
  @MaxLength(10_000, { each: true })
  @ArrayNotEmpty()
  @ArrayMaxSize(100)
  texts!: string[];
}

@Controller({ path: 'reviews', version: '1' })
@ApiSecurity('api-key')
@UseGuards(ApiKeyGuard, ClientThrottlerGuard)
export class ReviewsController {
  constructor(@Runner('fastai_sentiment:latest') private readonly runner: FastaiRunner<string>) {}

  @VtsApi({
    input: Text.fromSample('I really liked that movie!', { maxBytes: 10_000 }),
    output: new NumpyNdarray({ dtype: 'float32', shape: [2], allowNaN: false }),
    route: 'score',
    summary: 'Probabilities of neg and pos',
  })
  async score(text: string): Promise<Tensor> {
    const [, , probabilities] = await this.runner.predict.run(text);
    return probabilities;
  }

  @ForBatch()
  @VtsApi({
    input: new Json({ dto: Texts, sample: { texts: ['I really liked that movie!', 'So dull.'] } }),
    output: new NumpyNdarray({ dtype: 'float32', shape: [-1, 2], allowNaN: false }),
    route: 'scores',
    summary: 'Probabilities of neg and pos, a row a text',
  })
  async scores({ texts }: Texts): Promise<Tensor> {
    const [probabilities] = await this.runner.getPreds.run(texts);
    return probabilities;
  }
}
