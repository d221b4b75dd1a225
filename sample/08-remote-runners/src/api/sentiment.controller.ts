import { Controller } from '@nestjs/common';
import { NumpyNdarray, Runner, Text, VtsApi, type FastaiRunner, type Tensor } from 'nestjs-vts';

@Controller()
export class SentimentController {
  constructor(@Runner('fastai_sentiment') private readonly runner: FastaiRunner<string, string>) {}

  @VtsApi({
    input: Text.fromSample('I really liked that movie!'),
    output: new NumpyNdarray({ dtype: 'float32', shape: [-1], allowNaN: false }),
    summary: 'Sentiment scores of a text',
  })
  async classifyText(text: string): Promise<Tensor> {
    const [, , probabilities] = await this.runner.predict.asyncRun(text);
    return probabilities;
  }

  @VtsApi({
    input: Text.fromSample('I really liked that movie!'),
    output: Text,
    summary: 'Sentiment of a text',
  })
  async label(text: string): Promise<string> {
    const [decoded] = await this.runner.predict.asyncRun(text);
    return decoded;
  }
}
