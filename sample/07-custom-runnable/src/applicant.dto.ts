import { ApiProperty } from '@nestjs/swagger';
import { IsNumber, IsPositive, IsString, Max, ValidateIf } from 'class-validator';

/** Larger numbers are no money, and overflow what the model computes in. */
const MOST = 1e9;

/** Somebody who would like a loan. */
export class ApplicantDto {
  /** One that the model was not trained with counts as unknown. */
  @ApiProperty({ type: 'string', example: 'car' })
  @IsString()
  purpose!: string;

  @ApiProperty({ type: 'string', example: 'rent' })
  @IsString()
  housing!: string;

  /** A year; null where it is not known. */
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
