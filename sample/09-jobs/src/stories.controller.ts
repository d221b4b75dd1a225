import { Controller } from '@nestjs/common';
import { Json, Runner, Text, VtsApi, type LanguageModelRunner } from 'nestjs-vts';
import { StoryDto } from './story.dto.js';

const input = new Json({ dto: StoryDto, sample: { text: 'I really liked', nWords: 1000 } });

@Controller()
export class StoriesController {
  constructor(@Runner('reviews_lm:latest') private readonly runner: LanguageModelRunner) {}

  @VtsApi({ input, output: Text, summary: 'A text with the words that come next', job: true })
  story({ text, ...options }: StoryDto): Promise<string> {
    return this.runner.predict.run(text, options);
  }
}
