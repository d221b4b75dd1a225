/** A job that has ended, as `GET` of its route has it. */
export interface EndedJob {
  readonly id: string;
  readonly state: string;
}

/** The result of a job, as its route sends it. */
export interface EndedResult {
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** Larger ones are asked for; receivers limit bodies, and each attempt carries them again. */
const MOST_RESULT_BYTES = 256 * 1024;

/** What is sent of a job that has ended: the body of the message. */
export function webhookMessage(job: EndedJob, at: Date, result?: EndedResult): string {
  return JSON.stringify({
    type: `job.${job.state}`,
    timestamp: at.toISOString(),
    data: { ...job, ...(result && { result: shownResult(result) }) },
  });
}

function shownResult({ contentType, body }: EndedResult): object {
  if (body.length > MOST_RESULT_BYTES) return { contentType, omitted: `${body.length} bytes` };
  const text = Buffer.from(body).toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(body);
  return isText
    ? { contentType, encoding: 'utf8', body: text }
    : { contentType, encoding: 'base64', body: Buffer.from(body).toString('base64') };
}
