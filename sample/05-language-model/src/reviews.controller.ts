import { Controller } from '@nestjs/common';
import {
  Json,
  NumpyNdarray,
  Runner,
  Text,
  VtsApi,
  type LanguageModelRunner,
  type Tensor,
  type WordStream,
} from 'nestjs-vts';
import { GenerateDto } from './generate.dto.js';

const input = new Json({ dto: GenerateDto, sample: { text: 'I really liked', nWords: 20 } });

@Controller()
export class ReviewsController {
  constructor(@Runner('reviews_lm:latest') private readonly runner: LanguageModelRunner) {}

  @VtsApi({
    input,
    output: new Text({ stream: true }),
    summary: 'The words that come next, one by one',
  })
  streamWords({ text, ...options }: GenerateDto): WordStream {
    return this.runner.predictStream(text, options);
  }

  @VtsApi({ input, output: Text, summary: 'The text with the words that come next' })
  continueText({ text, ...options }: GenerateDto): Promise<string> {
    return this.runner.predict.run(text, options);
  }

  @VtsApi({
    input: Text.fromSample('I really liked that movie!'),
    output: new NumpyNdarray({ dtype: 'float32', shape: [-1], allowNaN: false }),
    summary: 'A vector that stands for the text',
  })
  encodeText(text: string): Promise<Tensor> {
    return this.runner.encode.run(text);
  }
}
