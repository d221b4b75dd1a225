import type { Case } from '../case.js';
import { sampleFile } from '../learners.js';
import type { InProcessAnswer, InProcessQuestion } from '../programs/in-process.js';

const WORDS = 200;

/**
 * The cost of the first word after a text, which includes reading the text, and of each further
 * word.
 */
export const words: Case = {
  name: 'words',
  title: 'LMLearner.predict of one word behind a text, and of each further word',
  variantsAre: 'tokens of the text',
  variants: ['10', '1000', '5000'],
  metrics: {
    first: { label: 'first word', unit: 'ms' },
    further: { label: 'each further word', unit: 'ms' },
  },
  targets: [],
  seconds: 0.5,
  rounds: 3,
  async start({ packages }) {
    const file = await sampleFile('reviews_lm');
    return packages.map((from) => {
      const program = from.program('programs/in-process.js', [file]);
      const predict = async (behind: number, count: number, ms: number): Promise<number> => {
        const item = { words: count, behind, options: { seed: 1 } };
        const question: InProcessQuestion = { item, ms };
        return (await program.ask<InProcessAnswer>(question)).second;
      };
      return {
        name: from.name,
        async measure(tokens: string, ms: number) {
          const first = await predict(Number(tokens), 1, ms);
          const all = await predict(Number(tokens), 1 + WORDS, ms);
          return { first, further: (all - first) / WORDS };
        },
        stop: () => program.stop(),
      };
    });
  },
};
