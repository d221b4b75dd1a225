import { Controller } from '@nestjs/common';
import {
  NumpyNdarray,
  PandasDataFrame,
  Runner,
  VtsApi,
  type DataFrame,
  type DecodedRow,
  type FastaiRunner,
  type ShownRow,
  type Tensor,
} from 'nestjs-vts';

/** The input of the learner `income`. */
interface Person {
  age: number | null;
  hours: number;
  gain: number | null;
  years: number;
  workclass: string | null;
  education: string | null;
  sex: string | null;
  is_married: boolean | null;
}

/** Documented with the learner's own columns, types and categories. */
const people = PandasDataFrame.from('income:latest');

@Controller()
export class IncomeController {
  constructor(@Runner('income:latest') private readonly runner: FastaiRunner<Person, DecodedRow>) {}

  @VtsApi({
    input: people,
    output: new NumpyNdarray({ dtype: 'float32', shape: [-1, 3] }),
    summary: 'Probabilities of the classes high, low and mid, a row a person',
  })
  async score(frame: DataFrame): Promise<Tensor> {
    const [probabilities] = await this.runner.getPreds.run(frame);
    return probabilities;
  }

  @VtsApi({
    input: PandasDataFrame.from('income:latest', { shape: [1, -1], enforceShape: true }),
    output: new PandasDataFrame(),
    summary: 'A person as the learner sees it, with the class it predicts',
  })
  async explain(frame: DataFrame): Promise<ShownRow[]> {
    const [person] = frame.objects() as Person[];
    const [decoded] = await this.runner.predict.run(person!);
    return [await this.runner.decodeRow.run(decoded)];
  }
}
