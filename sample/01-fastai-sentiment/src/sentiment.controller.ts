import { Controller } from '@nestjs/common';
import { NumpyNdarray, Runner, Text, VtsApi, type FastaiRunner, type Tensor } from 'nestjs-vts';

@Controller()
export class SentimentController {
  constructor(@Runner('fastai_sentiment:latest') private readonly runner: FastaiRunner<string>) {}

  @VtsApi({
    input: Text.fromSample('I really liked that movie!'),
    output: new NumpyNdarray({ dtype: 'float32', shape: [-1], allowNaN: false }),
    summary: 'Sentiment scores of a text',
    description:
      'The probability of each class, in the order of the learner’s vocabulary: neg, pos.',
  })
  async classifyText(text: string): Promise<Tensor> {
    const [, , probabilities] = await this.runner.predict.asyncRun(text);
    return probabilities;
  }
}
