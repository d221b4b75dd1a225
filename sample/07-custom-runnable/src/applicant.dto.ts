import { ApiProperty } from '@nestjs/swagger';
import { IsNumber, IsPositive, IsString, Max, ValidateIf } from 'class-validator';

/** Larger numbers are not plausible amounts, and would overflow the model's float32. */
const MOST = 1e9;

/** A person who applies for a loan. */
export class ApplicantDto {
  /** A category outside the training data counts as unknown. */
  @ApiProperty({ type: 'string', example: 'car' })
  @IsString()
  purpose!: string;

  @ApiProperty({ type: 'string', example: 'rent' })
  @IsString()
  housing!: string;

  /** A year; null if it is unknown. */
  @ApiProperty({
    type: 'number',
    nullable: true,
    minimum: 0,
    exclusiveMinimum: true,
    maximum: MOST,
    example: 33_000,
  })
  @ValidateIf((applicant: ApplicantDto) => applicant.income !== null)
  @IsNumber()
  @IsPositive()
  @Max(MOST)
  income!: number | null;

  @ApiProperty({ type: 'number', minimum: 0, exclusiveMinimum: true, maximum: MOST, example: 8000 })
  @IsNumber()
  @IsPositive()
  @Max(MOST)
  amount!: number;

  @ApiProperty({ type: 'number', minimum: 0, exclusiveMinimum: true, maximum: MOST, example: 35 })
  @IsNumber()
  @IsPositive()
  @Max(MOST)
  age!: number;
}
