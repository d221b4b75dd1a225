import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsNumber, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';

/** A text to continue for long, and fastai's options for it. */
export class StoryDto {
  @ApiProperty({ type: 'string', maxLength: 10_000, example: 'I really liked' })
  @IsString()
  @MaxLength(10_000)
  text!: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 1_000_000, default: 1000 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  nWords: number = 1000;

  @ApiPropertyOptional({ type: 'number', minimum: 0.01, maximum: 10, default: 1 })
  @IsOptional()
  @IsNumber()
  @Min(0.01)
  @Max(10)
  temperature?: number;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: 'The same seed gives the same words.',
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  seed?: number;
}
