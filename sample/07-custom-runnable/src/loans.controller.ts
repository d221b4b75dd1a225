import { Controller } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, ValidateNested } from 'class-validator';
import { Json, Runner, Text, VtsApi, type RunnerOf } from 'nestjs-vts';
import { ApplicantDto } from './applicant.dto.js';
import { Loans, type Assessment } from './loans.runnable.js';

const sample = { purpose: 'car', housing: 'rent', income: 33_000, amount: 8000, age: 35 };

export class ApplicantsDto {
  @ApiProperty({ type: [ApplicantDto] })
  @IsArray()
  @ArrayMaxSize(10_000)
  @ValidateNested({ each: true })
  @Type(() => ApplicantDto)
  applicants!: ApplicantDto[];
}

@Controller()
export class LoansController {
  constructor(@Runner(Loans) private readonly loans: RunnerOf<Loans>) {}

  @VtsApi({
    input: new Json({ dto: ApplicantDto, sample }),
    output: Json.fromSample({
      outcome: 'paid back',
      probabilities: { 'paid back': 0.88, defaulted: 0.12 },
    }),
    summary: 'Will the loan be paid back?',
  })
  async assess(applicant: ApplicantDto): Promise<Assessment | undefined> {
    const [assessment] = await this.loans.assess.run([{ ...applicant }]);
    return assessment;
  }

  @VtsApi({
    input: new Json({ dto: ApplicantsDto, sample: { applicants: [sample] } }),
    output: new Text({ stream: true }),
    route: 'assess_each',
    summary: 'One assessment after the other, as server-sent events',
  })
  async *assessEach({ applicants }: ApplicantsDto): AsyncGenerator<string> {
    const rows = applicants.map((applicant) => ({ ...applicant }));
    for await (const assessment of this.loans.assessEach.stream(rows)) {
      yield JSON.stringify(assessment);
    }
  }
}
