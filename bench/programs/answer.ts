import { createInterface } from 'node:readline';

/** Answers the questions of {@link Program}, one after the other, until stdin ends. */
export async function answerQuestions<Q>(answer: (question: Q) => unknown): Promise<void> {
  for await (const line of createInterface(process.stdin)) {
    let reply: object;
    try {
      reply = { answer: await answer(JSON.parse(line) as Q) };
    } catch (error) {
      reply = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
}
