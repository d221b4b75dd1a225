/** The operations on the jobs of an endpoint. */
export type JobOperation = 'submitJob' | 'getJob' | 'watchJob' | 'getJobResult' | 'cancelJob';

const METHOD = /^(.+):(submit|get|watch|cancel)(Job(?:Result)?)$/;

/**
 * `submitStoryJob` for the endpoint `story`. Client generators name functions after these names.
 */
export function jobOperationName(endpoint: string, operation: JobOperation): string {
  const [, , verb, what] = METHOD.exec(`_:${operation}`) as unknown as string[];
  return `${verb}${endpoint.charAt(0).toUpperCase()}${endpoint.slice(1)}${what}`;
}

/** The same for the method that serves it, `story:submitJob`. Other names do not change. */
export function operationOfMethod(method: string): string {
  const [, endpoint, verb, what] = METHOD.exec(method) ?? [];
  return endpoint === undefined
    ? method
    : jobOperationName(endpoint, `${verb}${what}` as JobOperation);
}
