import { readFileSync } from 'node:fs';
import type { LoadAnswer, LoadQuestion } from '../load/generator.js';
import { HttpCallers } from '../load/http-callers.js';
import { closedLoop, openLoop } from '../load/loops.js';
import { answerQuestions } from './answer.js';

// The load generator, a separate process.
await answerQuestions(async (question: LoadQuestion): Promise<LoadAnswer> => {
  const { body } = question;
  const bytes = typeof body === 'string' ? Buffer.from(body) : readFileSync(body.file);
  const callers = new HttpCallers(question.port, question.path, question.type, bytes);
  try {
    const seconds = question.ms / 1000;
    const outcome =
      'perSecond' in question
        ? await openLoop(callers.call, question.perSecond, seconds)
        : await closedLoop(callers.call, question.connections, seconds, question.requests);
    return { ...outcome, others: Object.fromEntries(callers.others) };
  } finally {
    callers.close();
  }
});
