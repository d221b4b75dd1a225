import type { InferenceService, ServedRunners } from './contract.js';
import type { OpenInferenceOptions } from './options.js';

/**
 * Opens the Open Inference Protocol over runners, for any transport. Its code is loaded only now.
 *
 * @returns A service. Its `close()` stops collecting statistics.
 * @throws InvalidOpenInferenceOptionError
 *
 * @publicApi
 */
export async function openInferenceService(
  runners: ServedRunners,
  options?: OpenInferenceOptions,
): Promise<InferenceService & { close(): void }> {
  const { OpenInferenceService } = await import('./service.js');
  return new OpenInferenceService(runners, options);
}
