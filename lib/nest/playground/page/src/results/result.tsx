import { useState } from 'preact/hooks';
import type { LearnerDescription, Prediction, Shown } from '../contract.js';
import { isLarge, type AnswerValue, type Run } from '../state/run.js';
import { BlobView } from './blob-view.js';
import { Bars } from './bars.js';
import { Continuation } from './continuation.js';
import { DecodedRow } from './decoded-row.js';
import { HeatView } from './heat-view.js';
import { JsonView } from './json-view.js';
import { MaskView } from './mask-view.js';
import { Numbers } from './numbers.js';
import { PartWeights } from './part-weights.js';
import { PictureView } from './picture-view.js';
import { PointsView } from './points-view.js';
import { isPicture, isPrediction } from './summary.js';
import { Tokens } from './tokens.js';

interface Properties {
  readonly run: Run;
  readonly answer: AnswerValue;
  readonly onShow: () => void;
  readonly onExplain: (target?: number) => void;
}

/** An answer in a form that fits its kind. */
export function Result({ run, answer, onShow, onExplain }: Properties) {
  const { description } = run.card;
  if (answer.type === 'blob') return <BlobView answer={answer} />;
  if (answer.type === 'text') {
    const given = run.input.type === 'prompt' ? run.input.text : '';
    return (
      <>
        <Continuation given={given} answer={answer} run={run} />
        {run.shown?.tokens && <Tokens tokens={run.shown.tokens} />}
      </>
    );
  }
  const { value } = answer;
  if (!('task' in description) || !isPrediction(value)) {
    return (
      <JsonView
        value={description.kind === 'module' && isPrediction(value) ? value.prediction : value}
      />
    );
  }
  return (
    <>
      <Answer description={description} value={value} run={run} />
      {value.decoded && <DecodedRow row={value.decoded} shown={run.shown?.columns} />}
      <Seen run={run} description={description} onShow={onShow} />
      <Why run={run} description={description} value={value} onExplain={onExplain} />
      <details>
        <summary>The answer as JSON</summary>
        <JsonView value={value} />
      </details>
    </>
  );
}

interface AnswerProperties {
  readonly description: LearnerDescription;
  readonly value: Prediction;
  readonly run: Run;
}

/** Each of several results under its name. */
function Answers({ description, value, run }: AnswerProperties) {
  return (
    <>
      {description.results?.map((result) => {
        const one = value.results?.[result.name];
        const { results: _, ...shared } = description;
        return (
          one && (
            <section key={result.name} aria-label={result.name}>
              <h3>{result.name}</h3>
              <Answer description={{ ...shared, ...result }} value={one} run={run} />
            </section>
          )
        );
      })}
    </>
  );
}

function Answer({ description, value, run }: AnswerProperties) {
  const { shown } = run;
  const { task } = description;
  if (value.results) return <Answers description={description} value={value} run={run} />;
  const { prediction, probabilities, classes = description.classes } = value;
  if (task === 'segment' && isPicture(prediction)) {
    return <MaskView mask={prediction} value={value} base={shown?.image} classes={classes ?? []} />;
  }
  if (task === 'image' && isPicture(prediction)) {
    return <PictureView title="The predicted image" picture={prediction} />;
  }
  if (task === 'points' && Array.isArray(prediction)) {
    return (
      <PointsView points={prediction as [number, number][]} value={value} base={shown?.image} />
    );
  }
  if (task === 'regress') return <Numbers prediction={prediction} description={description} />;
  if (!isNumbers(probabilities)) return <JsonView value={prediction} />;
  const chosen = Array.isArray(prediction) ? prediction : [prediction];
  return (
    <>
      <p class="headline">
        {chosen.length > 0 ? chosen.map(String).join(', ') : 'None of the labels'}
      </p>
      <Bars
        names={classes ?? probabilities.map((_, at) => String(at))}
        values={probabilities}
        chosen={chosen.map(String)}
        threshold={task === 'multilabel' ? (value.threshold ?? description.threshold) : undefined}
      />
    </>
  );
}

/** Each of several inputs as the model saw it. */
function SeenInputs({ inputs }: { readonly inputs: NonNullable<Shown['inputs']> }) {
  return (
    <>
      {inputs.map(({ name, image, tokens, values = [] }) => {
        if (image) return <PictureView key={name} title={name} picture={image} />;
        return tokens ? (
          <Tokens key={name} tokens={tokens} />
        ) : (
          <p key={name}>
            {name}: {values.map((value) => Number(value.toPrecision(6))).join(', ')}
          </p>
        );
      })}
    </>
  );
}

interface SeenProperties {
  readonly run: Run;
  readonly description: LearnerDescription;
  readonly onShow: () => void;
}

/** The item as the model saw it: the picture after its transforms, or the tokens of a text. */
function Seen({ run, description, onShow }: SeenProperties) {
  const { shown, explanation } = run;
  const drawn = description.task === 'segment' || description.task === 'points';
  if (drawn || explanation?.heatmap || run.state !== 'done') return null;
  if (shown?.tokens && !explanation?.parts) return <Tokens tokens={shown.tokens} />;
  if (shown?.image) return <PictureView title="What the model saw" picture={shown.image} />;
  if (shown?.inputs) return <SeenInputs inputs={shown.inputs} />;
  if (!shown && run.card.routes.show !== undefined && isLarge(run)) {
    return (
      <p>
        <button type="button" onClick={onShow}>
          Show what the model saw
        </button>
      </p>
    );
  }
  return null;
}

interface WhyProperties {
  readonly run: Run;
  readonly description: LearnerDescription;
  readonly value: Prediction;
  readonly onExplain: (target?: number) => void;
}

/** The reasons for the answer, once requested. */
function Why({ run, description, value, onExplain }: WhyProperties) {
  const { explanation, explaining = false, explainError, shown, card } = run;
  const [target, setTarget] = useState(-1);
  if (card.routes.explain === undefined || run.state !== 'done') return null;
  const classes = value.classes ?? description.classes ?? [];
  return (
    <section class="why" aria-labelledby="why-title">
      <h3 id="why-title">Why this answer</h3>
      <div class="bar">
        {classes.length > 1 && (
          <label class="field inline">
            <span>Class</span>
            <select
              value={String(target)}
              onChange={(event) => setTarget(Number(event.currentTarget.value))}
            >
              <option value="-1">the predicted one</option>
              {classes.map((name, at) => (
                <option key={at} value={String(at)}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        )}
        <button
          type="button"
          disabled={explaining}
          onClick={() => onExplain(target < 0 ? undefined : target)}
        >
          {explaining ? 'Explaining…' : 'Explain'}
        </button>
      </div>
      {explainError !== undefined && (
        <p class="lack" role="alert">
          {explainError}
        </p>
      )}
      {explanation?.heatmap && <HeatView explanation={explanation} base={shown?.image} />}
      {explanation?.parts && (
        <PartWeights
          explanation={explanation}
          parts={explanation.parts}
          description={description}
        />
      )}
    </section>
  );
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((part) => typeof part === 'number');
}
