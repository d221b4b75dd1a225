import type { ApiError } from '../http/api-error.js';
import { ApiProperty, ApiSchema } from '../openapi.js';
import type { JobResource } from './job-resource.js';

const LATER = { type: 'string', format: 'date-time', nullable: true } as const;

/** A job in the OpenAPI document. */
@ApiSchema({ name: 'VtsJob' })
export class VtsJob implements JobResource {
  /** Nobody can guess it. */
  @ApiProperty({ type: 'string', example: 'pXZ3Yk0dT2mC9oQvN1r8sLhAeUwJ4bGf' })
  id!: string;

  @ApiProperty({
    type: 'string',
    enum: ['queued', 'running', 'succeeded', 'failed', 'cancelled'],
    example: 'running',
  })
  state!: JobResource['state'];

  @ApiProperty({
    type: 'number',
    minimum: 0,
    maximum: 1,
    nullable: true,
    example: 0.25,
    description: 'The progress, 0 to 1; null if the endpoint does not report it.',
  })
  progress!: number | null;

  @ApiProperty({
    type: 'integer',
    minimum: 0,
    nullable: true,
    example: null,
    description: 'The number of stream values so far; null if the output is not a stream.',
  })
  pieces!: number | null;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-01-05T10:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({ ...LATER, example: '2026-01-05T10:00:00.020Z' })
  startedAt!: string | null;

  @ApiProperty({ ...LATER, example: null })
  finishedAt!: string | null;

  @ApiProperty({
    ...LATER,
    example: null,
    description: 'When the job and its result expire; null before the job has ended.',
  })
  expiresAt!: string | null;

  // In OpenAPI 3.0, a reference cannot be null, with or without `nullable` next to it.
  @ApiProperty({
    type: 'object',
    selfRequired: true,
    required: ['statusCode', 'message', 'error'],
    properties: {
      statusCode: { type: 'integer', example: 400 },
      message: { type: 'string' },
      error: { type: 'string', example: 'Bad Request' },
    },
    nullable: true,
    example: null,
    description: 'The error response of the endpoint, if the job failed.',
  })
  error!: ApiError | null;
}
