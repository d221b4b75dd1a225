import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  IsBoolean,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
} from 'class-validator';

/** A text to continue, and fastai's options for it. */
export class GenerateDto {
  @ApiProperty({ type: 'string', maxLength: 10_000, example: 'I really liked' })
  @IsString()
  @MaxLength(10_000)
  text!: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: 500, default: 20 })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(500)
  nWords: number = 20;

  @ApiPropertyOptional({ type: 'number', minimum: 0.01, maximum: 10, default: 1 })
  @IsOptional()
  @IsNumber()
  @Min(0.01)
  @Max(10)
  temperature?: number;

  @ApiPropertyOptional({
    type: 'number',
    nullable: true,
    minimum: 0,
    maximum: 1,
    description: 'Words below this probability are not drawn.',
  })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(1)
  minP?: number | null;

  @ApiPropertyOptional({ type: 'boolean', default: true, description: 'Never draws xxunk.' })
  @IsOptional()
  @IsBoolean()
  noUnk?: boolean;

  @ApiPropertyOptional({
    type: 'boolean',
    default: false,
    description: 'Predicts each word from the one before it alone.',
  })
  @IsOptional()
  @IsBoolean()
  onlyLastWord?: boolean;

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
