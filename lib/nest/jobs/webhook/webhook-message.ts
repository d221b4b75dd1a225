/** A finished job, as in the response of its `GET` route. */
export interface EndedJob {
  readonly id: string;
  readonly state: string;
}

/** The result of a job, as its route sends it. */
export interface EndedResult {
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** Receivers fetch larger results: they limit bodies, and each attempt sends the body again. */
const MOST_RESULT_BYTES = 256 * 1024;

/** The body of the message about a finished job. */
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
