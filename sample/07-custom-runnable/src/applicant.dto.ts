import { ApiProperty } from '@nestjs/swagger';
import { IsNumber, IsPositive, IsString, ValidateIf } from 'class-validator';

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
    example: 33_000,
  })
  @ValidateIf((applicant: ApplicantDto) => applicant.income !== null)
  @IsNumber()
  @IsPositive()
  income!: number | null;

  @ApiProperty({ type: 'number', minimum: 0, exclusiveMinimum: true, example: 8000 })
  @IsNumber()
  @IsPositive()
  amount!: number;

  @ApiProperty({ type: 'number', minimum: 0, exclusiveMinimum: true, example: 35 })
  @IsNumber()
  @IsPositive()
  age!: number;
}
